import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprint, type UnitOfWork } from '@causeway/persistence';
import { asWork, withoutDeadline } from '@causeway/resilience';
import { v7 as uuidv7 } from 'uuid';
import type { Books, ChargeView } from './books.js';
import { authorize, capture, cardOf, refund, voidCharge, type Charge, type Mishap, type Movement } from './charge.js';
import { SandboxError } from './errors.js';
import type { IdempotencyKeys, StoredAnswer } from './idempotency-keys.js';
import type { WebhookOutbox } from './webhook-outbox.js';

/** Repositories of one transaction. */
export interface SandboxTx {
  readonly books: Books;
  readonly keys: IdempotencyKeys;
  readonly webhooks: WebhookOutbox;
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

export interface Answer extends StoredAnswer {
  readonly replayed: boolean;
  /** The connection is to be cut instead of answering. */
  readonly drop?: true;
}

/** How long a request that died holds its key, on top of what it may take. */
const lockMs = 10_000;

/** Moves money, once per idempotency key. */
export class ChargesService {
  /** @param slowMs How long `tok_slow` takes. */
  constructor(
    private readonly uow: UnitOfWork<SandboxTx>,
    private readonly slowMs: number,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async create(key: string, request: ChargeRequest): Promise<Answer> {
    const { declineCode, mishap } = cardOf(request.paymentMethodToken);
    const id = `ch_${uuidv7().replaceAll('-', '')}`;
    const work = () => Promise.resolve(authorize({ ...request, id, declineCode }));
    return this.once(key, { charge: request }, 201, work, mishap);
  }

  capture(key: string, id: string): Promise<Answer> {
    return this.once(key, { capture: id }, 200, async ({ books }) => capture(await books.read(id, { lock: true })));
  }

  void(key: string, id: string): Promise<Answer> {
    return this.once(key, { void: id }, 200, async ({ books }) => voidCharge(await books.read(id, { lock: true })));
  }

  refund(key: string, id: string, request: RefundRequest): Promise<Answer> {
    return this.once(key, { refund: id, request }, 201, async ({ books }) => {
      const movement = refund(await books.read(id, { lock: true }), request.amountMinor);
      await books.addRefund(`re_${uuidv7().replaceAll('-', '')}`, id, request.reference, request.amountMinor);
      return movement;
    });
  }

  read(id: string): Promise<ChargeView> {
    return this.uow.single(({ books }) => books.read(id));
  }

  list(reference: string): Promise<ChargeView[]> {
    return this.uow.single(({ books }) => books.byReference(reference));
  }

  /** Movement, ledger, webhooks and the answer of the key are one transaction: whoever dies in between has charged nothing. */
  private async once(
    key: string,
    request: unknown,
    status: number,
    work: (tx: SandboxTx) => Promise<Movement>,
    mishap: Mishap = 'none',
  ): Promise<Answer> {
    const slowMs = mishap === 'slow' ? this.slowMs : 0;
    const mark = fingerprint(request);
    const before = await this.uow.run(({ keys }) => keys.begin(key, mark, slowMs + lockMs));
    if (before) return { ...before, replayed: true };
    try {
      if (slowMs > 0) await sleep(slowMs);
      const answer = await this.uow.run((tx) => this.execute(tx, key, status, work, mishap));
      return { ...answer, replayed: false, ...(mishap === 'drop' && { drop: true }) };
    } catch (error) {
      return this.failed(key, error);
    }
  }

  private async execute(
    tx: SandboxTx,
    key: string,
    status: number,
    work: (tx: SandboxTx) => Promise<Movement>,
    mishap: Mishap,
  ): Promise<StoredAnswer> {
    const movement = await work(tx);
    const seq = await tx.books.post(movement);
    await tx.webhooks.add(movement, seq, this.now());
    const answer = mishap === 'error' ? afterCharge() : { status, body: await shown(tx, movement.charge) };
    await tx.keys.complete(key, answer);
    return answer;
  }

  /** A refusal is an answer like any other, and replayed; after a failure of our own the key can be used again. */
  private async failed(key: string, error: unknown): Promise<Answer> {
    if (error instanceof SandboxError) {
      const answer = { status: error.status, body: error.toBody() };
      await this.uow.run(({ keys }) => keys.complete(key, answer));
      return { ...answer, replayed: false };
    }
    // Also when it was the deadline that passed. If this fails, too, the lock of the key runs out by itself.
    await withoutDeadline(() => asWork('background', () => this.uow.run(({ keys }) => keys.release(key)))).catch(
      () => undefined,
    );
    throw error;
  }
}

const shown = (tx: SandboxTx, charge: Charge): Promise<ChargeView> => tx.books.read(charge.id);

const afterCharge = (): StoredAnswer => ({
  status: 500,
  body: new SandboxError(500, 'api_error', 'api_error', 'Something went wrong at the provider.').toBody(),
});
