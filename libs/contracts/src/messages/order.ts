import { z } from 'zod';
import { text } from '../text.js';
import { amountMinor, currency, id, maxInt4, timestamp, version } from '../values.js';
import { event } from './define.js';

/** Every order event says which version of the order it describes: a consumer ignores what is older than what it has seen. */
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
  'The money of an order was captured',
  z.object(orderFact),
);
export const orderRejected = event(
  'order.evt.rejected.v1',
  'An order was refused; its stock was given back',
  z.object({ ...orderFact, reason: text }),
);
export const orderCancelled = event(
  'order.evt.cancelled.v1',
  'An order was cancelled; its stock and its money were given back',
  z.object({ ...orderFact, reason: text }),
);
