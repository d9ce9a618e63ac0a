import { z } from 'zod';
import { identifier, text } from '../text.js';
import { amountMinor, currency, id, paymentStatus, timestamp, version } from '../values.js';

export const paymentView = z
  .object({
    id,
    orderId: id,
    status: paymentStatus,
    amountMinor,
    currency,
    refundedMinor: amountMinor.meta({ description: 'How much of it was given back' }),
    declineReason: text.nullable().meta({ description: 'What the card issuer said, where it declined' }),
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

/** What the payment provider tells us. A hint: the state is read from the provider before anything changes. */
export const pspWebhookBody = z
  .object({
    id: identifier(64).meta({ description: 'The event; one that was stored before is not stored again' }),
    type: identifier(64).meta({ description: 'What happened', example: 'charge.captured' }),
    createdAt: timestamp,
    data: z.object({
      chargeId: identifier(64).meta({ description: 'The charge, as the provider calls it' }),
      reference: identifier(64).meta({ description: 'The id of the payment' }),
    }),
  })
  .meta({ id: 'PaymentProviderEvent' });

export type PaymentView = z.infer<typeof paymentView>;
export type PspWebhookBody = z.infer<typeof pspWebhookBody>;
