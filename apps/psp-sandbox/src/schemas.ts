import { currency, identifier, integerText, opaque } from '@causeway/contracts';
import { z } from 'zod';
import { SandboxError } from './errors.js';

const reference = opaque(1, 64);
const amountMinor = z.int().min(1).max(1_000_000_000_000);

export const chargeRequest = z.strictObject({
  reference,
  amountMinor,
  currency,
  paymentMethodToken: opaque(1, 64),
});
export const refundRequest = z.strictObject({ reference, amountMinor });
/** Our ids are `ch_` and 32 hexadecimal digits. Text that PostgreSQL cannot store, such as a zero byte, is no id. */
export const chargeId = identifier(64);
export const emptyBody = z.strictObject({}).optional();
export const listQuery = z.strictObject({ reference });
export const ledgerQuery = z.strictObject({
  reference: reference.optional(),
  /** Returns entries with a greater `seq`. */
  after: integerText(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: integerText(1, 10_000).default(1_000),
});
export type LedgerQuery = z.infer<typeof ledgerQuery>;

/** Parses a value. @throws SandboxError 422 that names every wrong field. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
  throw new SandboxError(422, 'invalid_request', 'invalid_request', message);
}

/** Parses the Idempotency-Key header. @throws SandboxError 400 */
export function parseKey(value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)) return value;
  const message = 'Send an Idempotency-Key of 1 to 255 visible ASCII characters.';
  throw new SandboxError(400, 'idempotency', 'idempotency_key_missing', message);
}
