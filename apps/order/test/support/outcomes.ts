import type { Order, PaymentOutcome } from '../../src/domain/order.js';

/** What a test says of an outcome; the rest is what the payment of the order would truly tell. */
export type Told = Pick<PaymentOutcome, 'kind'> & {
  readonly [field in 'paymentId' | 'currency' | 'reason' | 'refundId']?: string;
} & { readonly amountMinor?: number };

export const outcomeOf = (
  { paymentId, currency, totalMinor }: Pick<Order, 'paymentId' | 'currency' | 'totalMinor'>,
  told: Told & { readonly version: number },
): PaymentOutcome => {
  const truth = { paymentId, currency, amountMinor: totalMinor, refundId: paymentId, reason: 'asked to' };
  return { ...truth, ...told } as PaymentOutcome;
};
