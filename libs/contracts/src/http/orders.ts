import { z } from 'zod';
import { paragraph, text } from '../text.js';
import { amountMinor, currency, id, maxInt4, orderStatus, postalAddress, timestamp, version } from '../values.js';
import { pageOf, pageQuery } from './paging.js';

export const productView = z
  .object({
    id,
    name: text,
    description: text,
    priceMinor: amountMinor,
    currency,
    available: z.int().min(0).max(maxInt4),
    version,
  })
  .meta({ id: 'Product' });
export const productPage = pageOf(productView);
export const setStockBody = z.strictObject({ available: z.int().min(0).max(1_000_000) });

export const quantity = z.int().min(1).max(1_000);
export const placeOrderBody = z.strictObject({
  items: z
    .array(z.strictObject({ productId: id, quantity }))
    .min(1)
    .max(50)
    .refine((items) => new Set(items.map(({ productId }) => productId)).size === items.length, {
      error: 'each product may appear once; add up its quantities',
    }),
  shippingAddressId: id,
  paymentMethodToken: z
    .string()
    .regex(/^tok_[a-z0-9_]{1,60}$/, { error: 'expected a payment method token such as tok_success' })
    .meta({ example: 'tok_success' }),
});

export const orderView = z
  .object({
    id,
    status: orderStatus,
    currency,
    totalMinor: amountMinor,
    lines: z.array(z.object({ productId: id, name: text, quantity, unitPriceMinor: amountMinor })),
    shippingAddress: postalAddress.strip(),
    paymentId: id,
    /** Why it was rejected or cancelled; null otherwise. */
    reason: text.nullable(),
    version,
    placedAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Order' });
export const orderListQuery = pageQuery.extend({ status: orderStatus.optional() });
export const orderPage = pageOf(orderView);
export const cancelOrderBody = z.strictObject({ reason: paragraph(200).optional() });

export type ProductView = z.infer<typeof productView>;
export type SetStockBody = z.infer<typeof setStockBody>;
export type PlaceOrderBody = z.infer<typeof placeOrderBody>;
export type OrderView = z.infer<typeof orderView>;
export type OrderListQuery = z.infer<typeof orderListQuery>;
export type CancelOrderBody = z.infer<typeof cancelOrderBody>;
