import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprint, type UnitOfWork } from '@causeway/persistence';
import { asWork, withoutDeadline } from '@causeway/resilience';
import { v7 as uuidv7 } from 'uuid';
import type { PgCharges, ChargeView } from './pg-charges.js';
import {
  authorizeCharge,
  captureCharge,
  testCardOf,
  refundCharge,
  voidCharge,
  type Charge,
  type SimulatedFailure,
  type ChargeTransition,
} from './charge.js';
import { SandboxError } from './errors.js';
import type { PgIdempotencyKeys, RecordedResponse } from './pg-idempotency-keys.js';
import type { PgWebhookDeliveries } from './pg-webhook-deliveries.js';

/** The repositories of one transaction. */
export interface SandboxTransaction {
  readonly charges: PgCharges;
  readonly keys: PgIdempotencyKeys;
  readonly deliveries: PgWebhookDeliveries;
}

export interface ChargeRequest {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethodToken: string;
}

export interface RefundRequest {
  readonly reference: string;
  readonly amountMinor: number;
}

export interface ChargeResponse extends RecordedResponse {
  readonly replayed: boolean;
  /** The connection is closed instead of responding. */
  readonly drop?: true;
}

/** How long a key stays locked by a request that died, beyond its simulated duration, milliseconds. */
const lockMs = 10_000;

/** Moves money once per idempotency key. */
export class ChargesService {
  /** @param slowMs How long `tok_slow` takes, milliseconds. */
  constructor(
    private readonly uow: UnitOfWork<SandboxTransaction>,
    private readonly slowMs: number,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async create(key: string, request: ChargeRequest): Promise<ChargeResponse> {
    const { declineCode, failure } = testCardOf(request.paymentMethodToken);
    const id = `ch_${uuidv7().replaceAll('-', '')}`;
    const work = () => Promise.resolve(authorizeCharge({ ...request, id, declineCode }));
    return this.once(key, { charge: request }, 201, work, failure);
  }

  capture(key: string, id: string): Promise<ChargeResponse> {
    return this.once(key, { capture: id }, 200, async ({ charges }) =>
      captureCharge(await charges.read(id, { lock: true })),
    );
  }

  void(key: string, id: string): Promise<ChargeResponse> {
    return this.once(key, { void: id }, 200, async ({ charges }) => voidCharge(await charges.read(id, { lock: true })));
  }

  refund(key: string, id: string, request: RefundRequest): Promise<ChargeResponse> {
    return this.once(key, { refund: id, request }, 201, async ({ charges }) => {
      const transition = refundCharge(await charges.read(id, { lock: true }), request.amountMinor);
      await charges.addRefund(`re_${uuidv7().replaceAll('-', '')}`, id, request.reference, request.amountMinor);
      return transition;
    });
  }

  read(id: string): Promise<ChargeView> {
    return this.uow.single(({ charges }) => charges.read(id));
  }

  list(reference: string): Promise<ChargeView[]> {
    return this.uow.single(({ charges }) => charges.findByReference(reference));
  }

  /** The charge, its ledger entry, its webhook event and the response of the key commit together, or nothing does. */
  private async once(
    key: string,
    request: unknown,
    status: number,
    work: (tx: SandboxTransaction) => Promise<ChargeTransition>,
    failure: SimulatedFailure = 'none',
  ): Promise<ChargeResponse> {
    const slowMs = failure === 'slow' ? this.slowMs : 0;
    const requestFingerprint = fingerprint(request);
    const before = await this.uow.run(({ keys }) => keys.begin(key, requestFingerprint, slowMs + lockMs));
    if (before) return { ...before, replayed: true };
    try {
      if (slowMs > 0) await sleep(slowMs);
      const response = await this.uow.run((tx) => this.execute(tx, key, status, work, failure));
      return { ...response, replayed: false, ...(failure === 'drop' && { drop: true }) };
    } catch (error) {
      return this.handleFailure(key, error);
    }
  }

  private async execute(
    tx: SandboxTransaction,
    key: string,
    status: number,
    work: (tx: SandboxTransaction) => Promise<ChargeTransition>,
    failure: SimulatedFailure,
  ): Promise<RecordedResponse> {
    const transition = await work(tx);
    const seq = await tx.charges.save(transition);
    await tx.deliveries.add(transition, seq, this.now());
    const response = failure === 'error' ? errorAfterCharge() : { status, body: await viewOf(tx, transition.charge) };
    await tx.keys.complete(key, response);
    return response;
  }

  /** Stores a refusal as the response, to be replayed. After a failure of the sandbox itself, releases the key. */
  private async handleFailure(key: string, error: unknown): Promise<ChargeResponse> {
    if (error instanceof SandboxError) {
      const response = { status: error.status, body: error.toBody() };
      await this.uow.run(({ keys }) => keys.complete(key, response));
      return { ...response, replayed: false };
    }
    // Must work after a missed deadline, too. If it fails, the lock on the key expires.
    await withoutDeadline(() => asWork('background', () => this.uow.run(({ keys }) => keys.release(key)))).catch(
      () => undefined,
    );
    throw error;
  }
}

const viewOf = (tx: SandboxTransaction, charge: Charge): Promise<ChargeView> => tx.charges.read(charge.id);

const errorAfterCharge = (): RecordedResponse => ({
  status: 500,
  body: new SandboxError(500, 'api_error', 'api_error', 'Something went wrong on our side.').toBody(),
});
