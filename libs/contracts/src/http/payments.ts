import { z } from 'zod';
import { identifier, text } from '../text.js';
import { paymentStatus } from '../statuses.js';
import { amountMinor, currency, id, timestamp, version } from '../values.js';

export const paymentView = z
  .object({
    id,
    orderId: id,
    status: paymentStatus,
    amountMinor,
    currency,
    refundedMinor: amountMinor.meta({ description: 'Amount refunded so far, in minor units' }),
    declineReason: text
      .nullable()
      .meta({ description: 'Reason given by the card issuer; null unless the payment was declined' }),
    refunds: z.array(
      z.object({
        id,
        amountMinor,
        status: z.enum(['PENDING', 'REFUNDED', 'FAILED']),
        reason: text,
        createdAt: timestamp,
      }),
    ),
    version,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Payment' });

/**
 * An event from the payment provider. Only a hint: payment reads the charge from the provider before it changes
 * anything.
 */
export const pspWebhookBody = z
  .object({
    id: identifier(64).meta({ description: 'Id of the event, which may be delivered more than once' }),
    type: identifier(64).meta({ description: 'Type of the event', example: 'charge.captured' }),
    createdAt: timestamp,
    data: z.object({
      chargeId: identifier(64).meta({ description: 'The provider’s id of the charge' }),
      reference: identifier(64).meta({ description: 'Our id of the payment' }),
    }),
  })
  .meta({ id: 'PaymentProviderEvent' });

export type PaymentView = z.infer<typeof paymentView>;
export type PspWebhookBody = z.infer<typeof pspWebhookBody>;
