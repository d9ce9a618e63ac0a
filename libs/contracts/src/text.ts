import { z } from 'zod';

/**
 * The types of all text that comes from outside. PostgreSQL can store neither U+0000 nor half of a surrogate pair: the
 * first is an error, and the second silently becomes U+FFFD, so that what is stored differs from the response. Nothing
 * is normalised: text is stored as it was sent, apart from surrounding spaces.
 */

/** Length in code points, as people and `varchar(n)` count; zod's own limits count UTF-16 units. */
const lengthOf = (value: string): number => {
  let length = 0;
  for (const _ of value) length++;
  return length;
};

/** Control characters except tab, line feed and carriage return: invisible, and some act on terminals and logs. */
const control = /(?![\t\n\r])\p{Cc}/u;
/** Tab, line feed, carriage return, line separator and paragraph separator. */
const lineBreak = /[\t\n\r\u2028\u2029]/;
/**
 * Embeddings, overrides and isolates can disguise a text (Unicode TR 36). The direction marks that Arabic and Hebrew
 * need stay allowed.
 */
const reordering = /[\u202a-\u202e\u2066-\u2069]/;
/** A character that leaves ink: not a space, not a control, not default-ignorable. */
const visible = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** Base of every free-text type. `abort` skips the other checks for text that cannot be stored. */
const storable = z
  .string()
  .refine(isStorable, { error: 'must not contain U+0000 or half of a surrogate pair', abort: true });

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
    .refine((value) => !control.test(value), { error: 'must not contain control characters' })
    .refine((value) => !reordering.test(value), {
      error: 'must not contain characters that change the direction of the text',
    })
    .refine((value) => value === '' || visible.test(value), { error: 'must contain a visible character' });

/**
 * Any storable text, for our own responses and messages. It has no limits: for input from outside use `paragraph` or
 * `line`.
 */
export const text = storable;

/**
 * Text that people write for people: trimmed, not empty, without control characters except line breaks and tabs.
 * @param max Characters (code points).
 */
export const paragraph = (max: number): z.ZodString => shown(max);

/**
 * A name, or a line of an address: like `paragraph`, but a single line.
 * @param max Characters (code points).
 */
export const line = (max: number): z.ZodString =>
  shown(max).refine((value) => !lineBreak.test(value), { error: 'must be a single line' });

/**
 * Text that is never displayed, such as a password: any storable character, including leading and trailing spaces.
 * @param min Characters (code points). @param max Likewise.
 */
export const opaque = (min: number, max: number): z.ZodString => bounded(storable, min, max);

/**
 * Another system's name for something: visible ASCII.
 * @param max Characters.
 */
export const identifier = (max: number): z.ZodString =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), { error: `expected 1 to ${max} visible ASCII characters` });

/**
 * Returns true for a string schema that only accepts what PostgreSQL can store: a type above, or one with a format or
 * pattern.
 */
export function isTextType({ def }: z.ZodType): boolean {
  const { checks = [], format } = def as { checks?: readonly z.core.$ZodCheck[]; format?: string };
  return format !== undefined || checks.some((check) => check === rule || check._zod.def.check === 'string_format');
}

const [rule] = storable.def.checks ?? [];
