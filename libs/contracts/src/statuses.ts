import { z } from 'zod';

export const orderStatus = z
  .enum(['PENDING_PAYMENT', 'AUTHORIZED', 'CONFIRMED', 'REJECTED', 'CANCELLING', 'CANCELLED'])
  .meta({
    description:
      '`PENDING_PAYMENT`: waiting for the card authorization. `AUTHORIZED`: the amount is reserved on the card, but not yet captured. `CONFIRMED`: paid. `REJECTED`: not paid, see `reason`. `CANCELLING`: the authorization is being released or the payment refunded. `CANCELLED`: neither stock nor money is held any longer.',
  });
export type OrderStatus = z.infer<typeof orderStatus>;

/** Status of a payment; the last five are final for the saga. */
export const paymentStatus = z
  .enum([
    'AUTHORIZING',
    'AUTHORIZED',
    'CAPTURING',
    'VOIDING',
    'REFUNDING',
    'UNKNOWN',
    'CAPTURED',
    'PARTIALLY_REFUNDED',
    'REFUNDED',
    'VOIDED',
    'DECLINED',
  ])
  .meta({
    description:
      'The values that end in -ING wait for the payment provider. `UNKNOWN`: the provider did not answer, and is asked until the outcome is known. `VOIDED`: the authorization was released without a capture. The other values state what happened to the money.',
  });
