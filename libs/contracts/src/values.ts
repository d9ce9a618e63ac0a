import { integer } from '@causeway/config';
import { z } from 'zod';
import { line } from './text.js';

/** Values shared by HTTP bodies and messages. The types of free text are in `text.ts`. */

/** Largest value of PostgreSQL's `integer`, the type of versions and quantities. */
export const maxInt4 = 2_147_483_647;

/** An integer number of minor units (cents), bounded so that sums stay exact in a JavaScript number. */
export const amountMinor = z
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .meta({ description: 'Amount in minor units of the currency, for example cents', example: 1999 });
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'expected an ISO 4217 code' })
  .meta({ description: 'ISO 4217 currency code', example: 'EUR' });
/**
 * An integer sent as text, for example in a query: decimal digits only, so not `0x10`, `1e2`, `01`, `+5` or ` 5`.
 * The OpenAPI document declares it as an integer.
 */
export const integerText = (minimum: number, maximum: number) =>
  integer(minimum, maximum).meta({ override: { type: 'integer', minimum, maximum, pattern: undefined } });
export const id = z.uuid({ error: 'expected a UUID' });
export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339 timestamp in UTC' });
export const countryCode = z
  .string()
  .regex(/^[A-Z]{2}$/, { error: 'expected an ISO 3166-1 alpha-2 code' })
  .meta({ description: 'ISO 3166-1 alpha-2 country code', example: 'GB' });

/** The part of an address that goes on a parcel. */
export const postalAddress = z.strictObject({
  recipient: line(120),
  line1: line(120).meta({ description: 'Street and number' }),
  line2: line(120).optional().meta({ description: 'Floor, flat or other delivery details' }),
  postalCode: line(16),
  city: line(120),
  country: countryCode,
});
export type PostalAddress = z.infer<typeof postalAddress>;

/** Counts the changes to a resource. */
export const version = z.int().min(1).max(maxInt4).meta({ description: 'Starts at 1 and grows with each change' });
