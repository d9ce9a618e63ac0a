import { z } from 'zod';
import { SandboxError } from './errors.js';

const reference = z.string().min(1).max(64);
const amountMinor = z.int().min(1).max(1_000_000_000_000);

export const chargeRequest = z.strictObject({
  reference,
  amountMinor,
  currency: z.string().regex(/^[A-Z]{3}$/, { error: 'expected an ISO 4217 code' }),
  paymentMethodToken: z.string().min(1).max(64),
});
export const refundRequest = z.strictObject({ reference, amountMinor });
export const nothing = z.strictObject({}).optional();
export const listQuery = z.strictObject({ reference });
export const ledgerQuery = z.strictObject({
  reference: reference.optional(),
  /** Entries with a greater number. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});
export type LedgerQuery = z.infer<typeof ledgerQuery>;

/** @throws SandboxError 422 that names every wrong field. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
  throw new SandboxError(422, 'invalid_request', 'invalid_request', message);
}

/** @throws SandboxError 400 */
export function parseKey(value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)) return value;
  const message = 'Send an Idempotency-Key of 1 to 255 visible ASCII characters.';
  throw new SandboxError(400, 'idempotency', 'idempotency_key_missing', message);
}
