import { z } from 'zod';
import { paragraph, text } from '../text.js';
import { amountMinor, currency, id, maxInt4, postalAddress, timestamp, version } from '../values.js';
import { orderStatus } from '../statuses.js';
import { pageOf, pageQuery } from './paging.js';

export const productView = z
  .object({
    id,
    name: text,
    description: text,
    priceMinor: amountMinor,
    currency,
    available: z.int().min(0).max(maxInt4).meta({ description: 'Units that can be ordered now' }),
    version,
  })
  .meta({ id: 'Product' });
export const productPage = pageOf(productView).meta({ id: 'ProductPage' });
export const setStockBody = z
  .strictObject({
    available: z
      .int()
      .min(0)
      .max(1_000_000)
      .meta({ description: 'Units that can still be ordered, not counting units that open orders hold' }),
  })
  .meta({ id: 'StockChange' });

export const quantity = z.int().min(1).max(1_000);
export const placeOrderBody = z
  .strictObject({
    items: z
      .array(z.strictObject({ productId: id, quantity }))
      .min(1)
      .max(50)
      .refine((items) => new Set(items.map(({ productId }) => productId)).size === items.length, {
        error: 'each product may appear once; add up the quantities',
      })
      .meta({ description: 'Products to order: each at most once, all priced in the same currency' }),
    shippingAddressId: id.meta({ description: 'Id of one of your own addresses; the order keeps a copy of it' }),
    paymentMethodToken: z
      .string()
      .regex(/^tok_[a-z0-9_]{1,60}$/, { error: 'expected a payment method token such as tok_success' })
      .meta({ description: 'Token from the payment provider that represents a card', example: 'tok_success' }),
  })
  .meta({ id: 'OrderPlacement' });

export const orderView = z
  .object({
    id,
    status: orderStatus,
    currency,
    totalMinor: amountMinor,
    lines: z
      .array(z.object({ productId: id, name: text, quantity, unitPriceMinor: amountMinor }))
      .meta({ description: 'Ordered products, with names and prices as of the time of the order' }),
    shippingAddress: postalAddress.strip().meta({ description: 'Copy of the address, made when the order was placed' }),
    paymentId: id,
    customerId: id.optional().meta({ description: 'Whose order it is; only for readers of everybody’s orders' }),
    reason: text.nullable().meta({ description: 'Why the order was rejected or cancelled; null otherwise' }),
    givenReason: text
      .nullable()
      .meta({ description: 'What whoever cancelled it wrote; null if nothing, or once the customer was erased' }),
    version,
    placedAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Order' });
export const orderHistory = z
  .object({
    items: z.array(
      z.object({
        version: version.meta({ description: 'Version of the order after the change' }),
        from: orderStatus.nullable().meta({ description: 'Status before the change; null when the order was placed' }),
        status: orderStatus.meta({ description: 'Status after the change' }),
        step: z
          .enum(['authorize', 'capture', 'void', 'refund'])
          .nullable()
          .meta({ description: 'What the order asked its payment for and now waits for; null when nothing is open' }),
        reason: text.nullable().meta({ description: '`reason` of the order after the change' }),
        event: text.nullable().meta({ description: 'Type of the event that announced the change; null if none did' }),
        occurredAt: timestamp,
        cause: z
          .object({
            kind: z.enum(['request', 'message', 'timer']),
            name: text.meta({ description: 'Route of the request, subject of the message, purpose of the timer' }),
            id: text.nullable().meta({ description: '`Idempotency-Key` of the request, id of the message' }),
          })
          .meta({ description: 'What made the order change' }),
        traceId: text.nullable().meta({ description: 'Trace in which the order changed' }),
      }),
    ),
  })
  .meta({ id: 'OrderHistory' });
export const orderListQuery = pageQuery.extend({
  status: orderStatus.optional().meta({ description: 'Return only orders with this status' }),
  customerId: id
    .optional()
    .meta({ description: 'Whose orders; your own by default. Readers of everybody’s orders have to say it' }),
});
export const orderPage = pageOf(orderView).meta({ id: 'OrderPage' });
export const cancelOrderBody = z
  .strictObject({ reason: paragraph(200).optional().meta({ description: 'Your reason, in your own words' }) })
  .meta({ id: 'Cancellation' });

export type ProductView = z.infer<typeof productView>;
export type SetStockBody = z.infer<typeof setStockBody>;
export type PlaceOrderBody = z.infer<typeof placeOrderBody>;
export type OrderView = z.infer<typeof orderView>;
export type OrderHistory = z.infer<typeof orderHistory>;
export type OrderHistoryEntry = OrderHistory['items'][number];
export type OrderListQuery = z.infer<typeof orderListQuery>;
export type CancelOrderBody = z.infer<typeof cancelOrderBody>;
