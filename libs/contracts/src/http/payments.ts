import { z } from 'zod';
import { amountMinor, currency, id, paymentStatus, timestamp } from '../values.js';

export const paymentView = z
  .object({
    id,
    orderId: id,
    status: paymentStatus,
    amountMinor,
    currency,
    refundedMinor: amountMinor,
    declineReason: z.string().nullable(),
    refunds: z.array(
      z.object({
        id,
        amountMinor,
        status: z.enum(['PENDING', 'REFUNDED', 'FAILED']),
        reason: z.string(),
        createdAt: timestamp,
      }),
    ),
    version: z.int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Payment' });

/** What the payment provider tells us. A hint: the state is read from the provider before anything changes. */
export const pspWebhookBody = z.object({
  id: z.string().min(1).max(64),
  type: z.string().min(1).max(64),
  createdAt: timestamp,
  data: z.object({ chargeId: z.string().min(1).max(64), reference: z.string().min(1).max(64) }),
});

export type PaymentView = z.infer<typeof paymentView>;
export type PspWebhookBody = z.infer<typeof pspWebhookBody>;
