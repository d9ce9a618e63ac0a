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
    refundedMinor: amountMinor,
    declineReason: text.nullable(),
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
export const pspWebhookBody = z.object({
  id: identifier(64),
  type: identifier(64),
  createdAt: timestamp,
  data: z.object({ chargeId: identifier(64), reference: identifier(64) }),
});

export type PaymentView = z.infer<typeof paymentView>;
export type PspWebhookBody = z.infer<typeof pspWebhookBody>;
