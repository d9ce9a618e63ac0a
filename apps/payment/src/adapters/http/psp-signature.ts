import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@causeway/errors';

/** Nobody who knows a live secret has signed this body. */
export class SignatureInvalid extends CodedError {
  readonly code = 'SIGNATURE_INVALID';
  readonly remedy =
    'Sign the raw body with a live webhook secret: PSP-Signature: t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">.';

  constructor() {
    super('the signature of the webhook is missing or wrong');
  }
}

/** The signature is right, but from another time: a recorded request that somebody plays back, or a wrong clock. */
export class SignatureTooOld extends CodedError {
  readonly code = 'SIGNATURE_TOO_OLD';
  readonly remedy = 'Sign each delivery anew, and keep the clock right to within 5 minutes.';

  constructor() {
    super('the signature of the webhook is not from the last 5 minutes');
  }
}

/** Accepted distance of the signed time from now, seconds, both ways. */
export const toleranceSeconds = 300;

/** `t=1790000000,v1=…`: the value of the header PSP-Signature. */
export function signWebhook(body: Buffer | string, secret: string, atSeconds: number): string {
  return `t=${atSeconds},v1=${hmac(body, secret, String(atSeconds)).toString('hex')}`;
}

/**
 * Checks a webhook of the provider against every live secret, in constant time. Two are live while one is being
 * replaced.
 * @param header PSP-Signature; unknown parts of it are ignored, several `v1` are allowed.
 * @throws SignatureInvalid, SignatureTooOld
 */
export function verifyWebhook(header: string | undefined, body: Buffer, secrets: readonly string[], now: Date): void {
  const parts = (header ?? '').split(',').map((part) => part.trim().split('=', 2) as [string, string | undefined]);
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  const signatures = parts.filter(([name]) => name === 'v1').map(([, value]) => Buffer.from(value ?? '', 'hex'));
  if (!/^\d{1,12}$/.test(time)) throw new SignatureInvalid();
  const expected = secrets.map((secret) => hmac(body, secret, time));
  // No early exit: how long this takes must not tell which secret was nearly right.
  const matches = expected.flatMap((one) =>
    signatures.map((other) => one.length === other.length && timingSafeEqual(one, other)),
  );
  if (!matches.includes(true)) throw new SignatureInvalid();
  if (Math.abs(now.getTime() / 1_000 - Number(time)) > toleranceSeconds) throw new SignatureTooOld();
}

const hmac = (body: Buffer | string, secret: string, time: string): Buffer =>
  createHmac('sha256', secret).update(`${time}.`).update(body).digest();
