import type { Order, PaymentOutcome } from '../domain/order.js';

/** The fields of an outcome that a test sets; the others are those that the payment of the order would have. */
export type OutcomeFields = Pick<PaymentOutcome, 'kind'> & {
  readonly [field in 'paymentId' | 'currency' | 'reason' | 'refundId']?: string;
} & { readonly amountMinor?: number };

export const paymentOutcome = (
  { paymentId, currency, totalMinor }: Pick<Order, 'paymentId' | 'currency' | 'totalMinor'>,
  fields: OutcomeFields & { readonly version: number },
): PaymentOutcome => {
  const truth = { paymentId, currency, amountMinor: totalMinor, refundId: paymentId, reason: 'asked to' };
  return { ...truth, ...fields } as PaymentOutcome;
};
