import { z } from 'zod';

/**
 * The types of all text that comes from outside. PostgreSQL stores neither U+0000 nor half of a surrogate pair: the first is an error, the second becomes
 * U+FFFD on the way, so that what is stored is not what was answered. Nothing is normalised: what is stored is what was sent, less the
 * spaces around it.
 */

/** Characters, as a person and `varchar(n)` count them (code points); zod's own limits count UTF-16 units. */
const lengthOf = (value: string): number => {
  let length = 0;
  for (const _ of value) length++;
  return length;
};

/** U+0009, U+000A and U+000D apart, controls are invisible, and some act on terminals and logs. */
const control = /(?![\t\n\r])\p{Cc}/u;
/** Tab, line feed, carriage return, and the separators of lines and paragraphs. */
const lineBreak = /[\t\n\r\u2028\u2029]/;
/** Embeddings, overrides and isolates make a text read as something else (Unicode TR 36). The marks of Arabic and Hebrew stay allowed. */
const reordering = /[\u202a-\u202e\u2066-\u2069]/;
/** Anything that leaves ink: neither space nor control, nor one of those that are ignored where they cannot be shown. */
const visible = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** What every free string is made of. `abort`: what cannot be stored is not looked at any further. */
const storable = z
  .string()
  .refine(isStorable, { error: 'must hold neither U+0000 nor half of a surrogate pair', abort: true });

const bounded = (schema: z.ZodString, min: number, max: number): z.ZodString =>
  schema
    .refine((value) => value.length >= min && lengthOf(value) >= min, { error: `expected at least ${characters(min)}` })
    .refine((value) => value.length <= 2 * max && lengthOf(value) <= max, {
      error: `expected at most ${characters(max)}`,
      abort: true,
    })
    .meta({ minLength: min, maxLength: max });

const characters = (count: number): string => `${count} ${count === 1 ? 'character' : 'characters'}`;

const shown = (max: number): z.ZodString =>
  bounded(storable.trim(), 1, max)
    .refine((value) => !control.test(value), { error: 'must hold no control characters' })
    .refine((value) => !reordering.test(value), {
      error: 'must hold no characters that change the direction of the text',
    })
    .refine((value) => value === '' || visible.test(value), { error: 'must hold something that can be seen' });

/** Any text that can be stored, as our own answers and messages hold it. No limits: whoever stores it from outside needs `paragraph` or `line`. */
export const text = storable;

/**
 * What a person writes for people: trimmed, not empty, without controls but line breaks and tabs.
 * @param max Characters (code points).
 */
export const paragraph = (max: number): z.ZodString => shown(max);

/**
 * A name, or a line of an address: as `paragraph`, on one line.
 * @param max Characters (code points).
 */
export const line = (max: number): z.ZodString =>
  shown(max).refine((value) => !lineBreak.test(value), { error: 'must be one line' });

/**
 * Text that nobody shows, such as a password: every character that can be stored, spaces at the ends included.
 * @param min Characters (code points). @param max Likewise.
 */
export const opaque = (min: number, max: number): z.ZodString => bounded(storable, min, max);

/**
 * What another system calls something: visible ASCII.
 * @param max Characters.
 */
export const identifier = (max: number): z.ZodString =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), { error: `expected 1 to ${max} visible ASCII characters` });

/** True for a string schema that lets nothing through that PostgreSQL cannot store: one of the types above, or one with a format or a pattern. */
export function isTextType({ def }: z.ZodType): boolean {
  const { checks = [], format } = def as { checks?: readonly z.core.$ZodCheck[]; format?: string };
  return format !== undefined || checks.some((check) => check === rule || check._zod.def.check === 'string_format');
}

const [rule] = storable.def.checks ?? [];
