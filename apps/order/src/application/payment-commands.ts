import { authorizePayment, capturePayment, refundPayment, voidPayment, type DataOf } from '@causeway/contracts';
import { refundIdOf } from '../domain/contradiction.js';
import type { Order, SagaStep } from '../domain/order.js';
import type { OrderTransaction } from './ports.js';

type AuthorizeData = DataOf<typeof authorizePayment>;

/**
 * The data of `payment.cmd.authorize.v2` without the amount, which `place_order` adds once it has looked up the prices.
 */
export const authorizeDraft = (
  { id, paymentId, customerId }: Pick<Order, 'id' | 'paymentId' | 'customerId'>,
  sealedCardToken: string,
): Omit<AuthorizeData, 'amountMinor' | 'currency'> => ({ orderId: id, paymentId, customerId, sealedCardToken });

/** The data of `payment.cmd.authorize.v2`. */
export const authorizeData = (order: Order, sealedCardToken: string): AuthorizeData => ({
  ...authorizeDraft(order, sealedCardToken),
  amountMinor: order.totalMinor,
  currency: order.currency,
});

/**
 * Sends the command of a step, for the first time or again. A repetition carries the same ids, so payment recognizes
 * it.
 */
export async function sendCommand(tx: OrderTransaction, order: Order, step: SagaStep): Promise<void> {
  const { paymentId } = order;
  const target = { paymentId, orderId: order.id };
  const reason = order.reason ?? '';
  switch (step) {
    case 'authorize': {
      const token = await tx.orders.sealedCardToken(order.id);
      await tx.outbox.add(authorizePayment, paymentId, authorizeData(order, token));
      return;
    }
    case 'capture':
      await tx.outbox.add(capturePayment, paymentId, target);
      return;
    case 'void':
      await tx.outbox.add(voidPayment, paymentId, { ...target, reason });
      return;
    case 'refund':
      await tx.outbox.add(refundPayment, paymentId, {
        ...target,
        refundId: refundIdOf(order),
        amountMinor: order.totalMinor,
        reason,
      });
  }
}
