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
  type SimulatedFailure,
  type ChargeTransition,
} from './charge.js';
import { SandboxError } from './errors.js';
import type { KeyClaim, PgIdempotencyKeys, RecordedResponse } from './pg-idempotency-keys.js';
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

/** A request that moves money. */
interface MoneyRequest {
  readonly key: string;
  /** What a repetition under the key must equal. */
  readonly request: unknown;
  /** Status of the response when the money has moved. */
  readonly status: number;
  readonly chargeId: string;
  readonly work: (tx: SandboxTransaction) => Promise<ChargeTransition & Pick<ChargeView, 'refunds'>>;
  readonly failure?: SimulatedFailure;
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

  create(key: string, request: ChargeRequest): Promise<ChargeResponse> {
    const { declineCode, failure } = testCardOf(request.paymentMethodToken);
    const id = `ch_${uuidv7().replaceAll('-', '')}`;
    const work = () => Promise.resolve({ ...authorizeCharge({ ...request, id, declineCode }), refunds: [] });
    return this.once({ key, request: { charge: request }, status: 201, chargeId: id, work, failure });
  }

  capture(key: string, chargeId: string): Promise<ChargeResponse> {
    const work = async ({ charges }: SandboxTransaction) => {
      const before = await charges.read(chargeId, { lock: true });
      return { ...captureCharge(before), refunds: before.refunds };
    };
    return this.once({ key, request: { capture: chargeId }, status: 200, chargeId, work });
  }

  void(key: string, chargeId: string): Promise<ChargeResponse> {
    const work = async ({ charges }: SandboxTransaction) => {
      const before = await charges.read(chargeId, { lock: true });
      return { ...voidCharge(before), refunds: before.refunds };
    };
    return this.once({ key, request: { void: chargeId }, status: 200, chargeId, work });
  }

  refund(key: string, chargeId: string, request: RefundRequest): Promise<ChargeResponse> {
    const { reference, amountMinor } = request;
    const work = async ({ charges }: SandboxTransaction) => {
      const before = await charges.read(chargeId, { lock: true });
      const transition = refundCharge(before, amountMinor);
      const id = `re_${uuidv7().replaceAll('-', '')}`;
      await charges.addRefund(id, chargeId, reference, amountMinor);
      return { ...transition, refunds: [...before.refunds, { id, reference, amountMinor }] };
    };
    return this.once({ key, request: { refund: chargeId, request }, status: 201, chargeId, work });
  }

  read(id: string): Promise<ChargeView> {
    return this.uow.single(({ charges }) => charges.read(id));
  }

  list(reference: string): Promise<ChargeView[]> {
    return this.uow.single(({ charges }) => charges.findByReference(reference));
  }

  /**
   * The charge, its ledger entry, its webhook event and the response of the key commit together, or nothing does. The
   * key comes last: whoever finds it taken undoes everything, and replays.
   */
  private async once(request: MoneyRequest): Promise<ChargeResponse> {
    const { key, failure, chargeId } = request;
    const claim = { key, fingerprint: fingerprint(request.request) };
    if (failure === 'slow') {
      const before = await this.claimAndWait(claim);
      if (before) return { ...before, replayed: true };
    }
    try {
      const response = await this.uow.run((tx) => this.execute(tx, request, claim), { aggregate: chargeId });
      return { ...response, replayed: false, ...(failure === 'drop' && { drop: true }) };
    } catch (error) {
      if (error instanceof KeyTaken) return { ...(await this.replay(claim)), replayed: true };
      if (failure === 'slow') await this.release(key);
      throw error;
    }
  }

  /** Takes as long as the card does, with a claim that others see. */
  private async claimAndWait(claim: KeyClaim): Promise<RecordedResponse | undefined> {
    const before = await this.uow.run(({ keys }) => keys.begin(claim, this.slowMs + lockMs));
    if (!before) await sleep(this.slowMs);
    return before;
  }

  private async execute(tx: SandboxTransaction, request: MoneyRequest, claim: KeyClaim): Promise<RecordedResponse> {
    const response = await this.responseOf(tx, request);
    if (!(await tx.keys.complete(claim, response))) throw new KeyTaken();
    return response;
  }

  /** A refusal is a response like any other: the key replays it. It is thrown before anything is written. */
  private async responseOf(tx: SandboxTransaction, { work, status, failure }: MoneyRequest): Promise<RecordedResponse> {
    try {
      const { refunds, ...transition } = await work(tx);
      const seq = await tx.charges.save(transition);
      await tx.deliveries.add(transition, seq, this.now());
      const body: ChargeView = { ...transition.charge, refunds };
      return failure === 'error' ? errorAfterCharge() : { status, body };
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      return { status: error.status, body: error.toBody() };
    }
  }

  private replay(claim: KeyClaim): Promise<RecordedResponse> {
    return this.uow.single(({ keys }) => keys.read(claim));
  }

  /** Must work after a missed deadline, too. If it fails, the lock on the key expires. */
  private async release(key: string): Promise<void> {
    const releasing = withoutDeadline(() =>
      asWork('background', () => this.uow.single(({ keys }) => keys.release(key))),
    );
    await releasing.catch(() => undefined);
  }
}

/** The key has its response: another request with it came first. */
class KeyTaken extends Error {}

const errorAfterCharge = (): RecordedResponse => ({
  status: 500,
  body: new SandboxError(500, 'api_error', 'api_error', 'Something went wrong on our side.').toBody(),
});
