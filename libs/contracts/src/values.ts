import { integer } from '@causeway/config';
import { z } from 'zod';
import { line } from './text.js';

/** Values that HTTP bodies and messages share. Free text is in `text.ts`. */

/** The largest value of PostgreSQL's `integer`, which versions and quantities are stored in. */
export const maxInt4 = 2_147_483_647;

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
/**
 * A whole number that comes as text, in a query for example: decimal digits and nothing else, so not `0x10`, `1e2`, `01`, `+5` or ` 5`.
 * The document of the API calls it an integer.
 */
export const integerText = (minimum: number, maximum: number) =>
  integer(minimum, maximum).meta({ override: { type: 'integer', minimum, maximum, pattern: undefined } });
export const id = z.uuid({ error: 'expected a UUID' });
export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339, UTC' });
export const countryCode = z
  .string()
  .regex(/^[A-Z]{2}$/, { error: 'expected an ISO 3166-1 alpha-2 code' })
  .meta({ description: 'ISO 3166-1 alpha-2', example: 'GB' });

/** The part of an address that a parcel needs. */
export const postalAddress = z.strictObject({
  recipient: line(120),
  line1: line(120).meta({ description: 'Street and number' }),
  line2: line(120).optional().meta({ description: 'Floor, flat, or whatever else helps to find it' }),
  postalCode: line(16),
  city: line(120),
  country: countryCode,
});
export type PostalAddress = z.infer<typeof postalAddress>;

/** Counts the changes of something; 1 when it is new. */
export const version = z.int().min(1).max(maxInt4).meta({ description: '1 when it is new; grows with each change' });

export const orderStatus = z
  .enum(['PENDING_PAYMENT', 'AUTHORIZED', 'CONFIRMED', 'REJECTED', 'CANCELLING', 'CANCELLED'])
  .meta({
    description:
      '`PENDING_PAYMENT`: the card is being asked. `AUTHORIZED`: the card agreed, the money is not taken yet. `CONFIRMED`: paid. `REJECTED`: not paid, see `reason`. `CANCELLING`: the money is being given back. `CANCELLED`: nothing of it is held any more.',
  });
export type OrderStatus = z.infer<typeof orderStatus>;

/** States of a payment; the last five are final for the saga. */
export const paymentStatus = z
  .enum([
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
  ])
  .meta({
    description:
      'Those in -ING wait for the provider. `UNKNOWN`: it did not answer, and is asked again until it says what happened. `VOIDED`: authorised, then given up. The others say what became of the money.',
  });
export type PaymentStatus = z.infer<typeof paymentStatus>;
