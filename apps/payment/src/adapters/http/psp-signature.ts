import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@causeway/errors';

/** The body was not signed with a live secret. */
export class SignatureInvalid extends CodedError {
  readonly code = 'SIGNATURE_INVALID';
  readonly remedy =
    'Sign the raw body with a live webhook secret: PSP-Signature: t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">.';

  constructor() {
    super('the webhook signature is missing or wrong');
  }
}

/** The signature is valid but from another time: a replayed request, or a wrong clock. */
export class SignatureTooOld extends CodedError {
  readonly code = 'SIGNATURE_TOO_OLD';
  readonly remedy = 'Sign each delivery anew, and keep the clock accurate to 5 minutes.';

  constructor() {
    super('the webhook signature is more than 5 minutes old or ahead');
  }
}

/** Accepted difference between the signed time and now, seconds, in both directions. */
export const toleranceSeconds = 300;

/** Returns the value of the PSP-Signature header: `t=1790000000,v1=…`. */
export function signWebhook(body: Buffer | string, secret: string, atSeconds: number): string {
  return `t=${atSeconds},v1=${hmac(body, secret, String(atSeconds)).toString('hex')}`;
}

/**
 * Verifies a webhook against every live secret, in constant time. Two secrets are live while one is being replaced.
 * @param header PSP-Signature; unknown parts are ignored, several `v1` are allowed.
 * @throws SignatureInvalid, SignatureTooOld
 */
export function verifyWebhook(header: string | undefined, body: Buffer, secrets: readonly string[], now: Date): void {
  const parts = (header ?? '').split(',').map((part) => part.trim().split('=', 2) as [string, string | undefined]);
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  const signatures = parts.filter(([name]) => name === 'v1').map(([, value]) => Buffer.from(value ?? '', 'hex'));
  if (!/^\d{1,12}$/.test(time)) throw new SignatureInvalid();
  const expected = secrets.map((secret) => hmac(body, secret, time));
  // No early exit: the time this takes must not reveal which secret was almost right.
  const matches = expected.flatMap((one) =>
    signatures.map((other) => one.length === other.length && timingSafeEqual(one, other)),
  );
  if (!matches.includes(true)) throw new SignatureInvalid();
  if (Math.abs(now.getTime() / 1_000 - Number(time)) > toleranceSeconds) throw new SignatureTooOld();
}

const hmac = (body: Buffer | string, secret: string, time: string): Buffer =>
  createHmac('sha256', secret).update(`${time}.`).update(body).digest();
