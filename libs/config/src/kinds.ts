import { z } from 'zod';

/** The kinds of setting that services share. Each takes the text of an environment variable. */

const number = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, { error: 'expected a number' })
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** A whole number within bounds. */
export const integer = (min: number, max: number) => number(min, max).pipe(z.int());

/** A fraction, 0 to 1. */
export const ratio = () => number(0, 1);

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
