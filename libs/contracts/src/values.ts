import { z } from 'zod';

/** Values that HTTP bodies and messages share. */

/** An integer number of minor units (cents). Bounded so that sums stay exact in a JavaScript number. */
export const amountMinor = z
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .meta({ description: 'Integer minor units, for example cents', example: 1999 });
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'expected an ISO 4217 code' })
  .meta({ description: 'ISO 4217', example: 'EUR' });
export const id = z.uuid({ error: 'expected a UUID' });
export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339, UTC' });
export const countryCode = z.string().regex(/^[A-Z]{2}$/, { error: 'expected an ISO 3166-1 alpha-2 code' });

const line = z.string().trim().min(1).max(120);

/** The part of an address that a parcel needs. */
export const postalAddress = z.strictObject({
  recipient: line,
  line1: line,
  line2: line.optional(),
  postalCode: z.string().trim().min(1).max(16),
  city: line,
  country: countryCode,
});
export type PostalAddress = z.infer<typeof postalAddress>;

export const orderStatus = z.enum([
  'PENDING_PAYMENT',
  'AUTHORIZED',
  'CONFIRMED',
  'REJECTED',
  'CANCELLING',
  'CANCELLED',
]);
export type OrderStatus = z.infer<typeof orderStatus>;

/** States of a payment; the last five are final for the saga. */
export const paymentStatus = z.enum([
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
]);
export type PaymentStatus = z.infer<typeof paymentStatus>;
