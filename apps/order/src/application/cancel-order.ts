import type { Reach } from '@causeway/auth';
import { cancel, type Order } from '../domain/order.js';
import { countOrder, reachedBy } from './order-counter.js';
import { reachable } from './owner-check.js';
import type { Clock, Fingerprint, OrderTransaction, OrderUnitOfWork } from './ports.js';
import type { PlacedOrder } from './place-order.js';
import { saveChange } from './save-change.js';

export interface CancelOrderRequest {
  /** Who asks: the customer, or support for any customer. */
  readonly reach: Reach;
  readonly orderId: string;
  readonly idempotencyKey: string;
  /** In the words of who asks: kept with the order, and in no message. */
  readonly reason?: string;
}

/**
 * Cancels an order before or after its card is charged. It stays CANCELLING until the payment service reports that the
 * money is free.
 */
export class CancelOrder {
  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly fingerprint: Fingerprint,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws NotFound (also for an order of another customer), OrderNotCancellable, IdempotencyKeyInFlight,
   *   IdempotencyKeyReused
   */
  async execute({ reach, orderId, idempotencyKey, reason }: CancelOrderRequest): Promise<PlacedOrder> {
    const by = reach.everybody ? 'support' : 'customer';
    const scope = { subject: reach.callerId, route: `POST /v1/orders/${orderId}/cancel`, key: idempotencyKey };
    const fingerprint = this.fingerprint({ reason });
    const cause = { kind: 'request', name: 'POST /v1/orders/{orderId}/cancel', id: idempotencyKey } as const;
    const { reached, ...placed } = await this.uow.run(async (tx) => {
      const replay = await tx.responses.begin(scope, fingerprint);
      if (replay) return { order: replay, replayed: true, reached: undefined };
      const before = reachable(orderId, await tx.orders.forUpdate(orderId), reach);
      const after = cancel(before, by);
      if (after !== before) {
        await saveChange(tx, { before, after, cause }, this.clock());
        if (reason !== undefined) await tx.orders.keepGivenReason(orderId, reason);
        await recordRefund(tx, after, reach, by);
      }
      const order = await tx.orders.details(orderId);
      await tx.responses.complete(scope, fingerprint, order);
      return { order, replayed: false, reached: reachedBy(before, after) };
    });
    countOrder(orderId, reached, by);
    return placed;
  }
}

/** Money that a person sends back is on record, and so is whatever support does to the order of somebody else. */
async function recordRefund(
  { security }: OrderTransaction,
  { id, step, totalMinor, currency }: Order,
  { callerId, everybody }: Reach,
  by: 'customer' | 'support',
): Promise<void> {
  if (step !== 'refund' && !everybody) return;
  const details = { by, step: step ?? 'none', amountMinor: totalMinor, currency };
  await security.record({ type: 'refund.requested', outcome: 'success', actor: callerId, subject: id, details });
}
