import { X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** The kinds of setting that services share. Each takes the text of an environment variable. */

/** Decimal digits and nothing else: `08` might be meant as octal, and `1e3`, `0x10`, `+5` or `5.0` are somebody's mistake. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^(0|-?[1-9]\d*)$/, { error: 'expected a whole number' })
    .transform(Number)
    .pipe(z.int().min(min).max(max));

/** A fraction, 0 to 1, in decimal digits. */
export const ratio = () =>
  z
    .string()
    .regex(/^[01](\.\d+)?$/, { error: 'expected a number from 0 to 1' })
    .transform(Number)
    .pipe(z.number().max(1));

/** A duration in milliseconds, as every name ending in `_MS` is. At most 24 h unless said otherwise. */
export const durationMs = (min = 0, max = 86_400_000) => integer(min, max);

/** A TCP port; 0 lets the system choose. */
export const port = () => integer(0, 65_535);

/** `true` or `false`. */
export const flag = () => z.enum(['true', 'false']).transform((value) => value === 'true');

/** Text that must not be empty. */
export const text = () => z.string().min(1);

/** An http or https URL without a trailing slash. */
export const httpUrl = () =>
  z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).transform((url) => url.replace(/\/+$/, ''));

/** A secret of at least `minLength` characters. */
export const secret = (minLength = 16) => z.string().min(minLength);

/** One or more certificates in PEM, as they are in the file of a certificate authority. */
export const certificates = () =>
  z.string().refine(isCertificates, { error: 'expected certificates in PEM: -----BEGIN CERTIFICATE----- …' });

function isCertificates(pem: string): boolean {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return found.length > 0 && found.every((each) => new X509Certificate(each));
  } catch {
    return false;
  }
}

/** A comma-separated list of at least one item. */
export const list = () =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .pipe(z.array(z.string()).min(1));

/** Gives a kind a default, written as the text that the variable would hold, so that the documentation can show it. */
export const withDefault = <T extends z.ZodType<unknown, string>>(kind: T, value: string) =>
  z.string().default(value).pipe(kind);
