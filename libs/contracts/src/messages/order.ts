import { z } from 'zod';
import { text } from '../text.js';
import { amountMinor, currency, id, maxInt4, timestamp, version } from '../values.js';
import { event } from './define.js';

/**
 * Every order event names the version of the order it describes, so that a consumer can ignore events older than the
 * last it saw.
 *
 * `reason` of events and commands is a phrase of ours. What a person wrote stays in the order: a message lies in its
 * stream for days, and nobody could erase it there.
 */
const orderFact = { orderId: id, customerId: id, version, occurredAt: timestamp };

export const orderPlaced = event(
  'order.evt.placed.v1',
  'An order was accepted and its stock reserved',
  z.object({
    ...orderFact,
    paymentId: id,
    totalMinor: amountMinor,
    currency,
    lines: z.array(z.object({ productId: id, quantity: z.int().min(1).max(maxInt4), unitPriceMinor: amountMinor })),
  }),
);
export const orderConfirmed = event(
  'order.evt.confirmed.v1',
  'The payment for an order was captured',
  z.object(orderFact),
);
export const orderRejected = event(
  'order.evt.rejected.v1',
  'An order was rejected and its stock released',
  z.object({ ...orderFact, reason: text }),
);
export const orderCancelled = event(
  'order.evt.cancelled.v1',
  'An order was cancelled: its stock was released, and its payment released or refunded',
  z.object({ ...orderFact, reason: text }),
);
