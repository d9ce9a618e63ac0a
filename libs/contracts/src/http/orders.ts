import { z } from 'zod';
import { amountMinor, currency, id, orderStatus, postalAddress, timestamp } from '../values.js';
import { pageOf, pageQuery } from './paging.js';

export const productView = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    priceMinor: amountMinor,
    currency,
    available: z.int().min(0),
    version: z.int(),
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
    lines: z.array(z.object({ productId: id, name: z.string(), quantity, unitPriceMinor: amountMinor })),
    shippingAddress: postalAddress.strip(),
    paymentId: id,
    /** Why it was rejected or cancelled; null otherwise. */
    reason: z.string().nullable(),
    version: z.int(),
    placedAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Order' });
export const orderListQuery = pageQuery.extend({ status: orderStatus.optional() });
export const orderPage = pageOf(orderView);
export const cancelOrderBody = z.strictObject({ reason: z.string().trim().min(1).max(200).optional() });

export type ProductView = z.infer<typeof productView>;
export type SetStockBody = z.infer<typeof setStockBody>;
export type PlaceOrderBody = z.infer<typeof placeOrderBody>;
export type OrderView = z.infer<typeof orderView>;
export type OrderListQuery = z.infer<typeof orderListQuery>;
export type CancelOrderBody = z.infer<typeof cancelOrderBody>;
