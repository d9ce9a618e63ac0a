import type { Found } from './attack.js';
import type { AttackAnswer } from './client.js';

/** Text that somebody down the line might take for more than text. */
export const injections: readonly string[] = [
  `'; DROP TABLE users; --`,
  `' OR '1'='1`,
  `1); SELECT pg_sleep(5); --`,
  `\\'; SELECT 1; --`,
  `$1`,
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  '{{7*7}}',
  '${7*7}',
  '#{7*7}<%= 7*7 %>',
  '%0d%0aX-Injected:%201',
  'a\r\nX-Injected: 1',
  '../../../../etc/passwd',
  '$(id)|`id`;id',
  '{"$ne":null}',
  '%s%n%x',
  '__proto__',
  'user.evt.>',
  '*.>',
  `=cmd|' /C calc'!A0`,
  '\u202egpj.exe',
  '\ufeff',
  '🜁'.repeat(30),
  'a'.repeat(5_000),
];
/** What PostgreSQL cannot store, as JSON can say it. */
export const unstorable = ['\u0000', 'a\u0000b', '\ud800', 'a\udc00b', '\udfff\ud800'];
/** Bytes that are no UTF-8: a stray one, an overlong NUL and slash, a surrogate, a character that breaks off. */
export const notUtf8 = ['ff', 'c080', 'c0af', 'eda080', 'f09f9c'].map((hex) => Buffer.from(hex, 'hex'));

/** Percent-encoded bytes that are no UTF-8, for addresses and forms. */
export const encodedNotUtf8 = ['%ed%a0%80', '%ff'] as const;

/** No answer has a header of the attacker’s, or his markup as markup. */
export function harmless(found: Found, about: string, { headers, text }: AttackAnswer): void {
  if ('x-injected' in headers) found(`${about}: a header was injected`);
  const isPage = headers['content-type']?.startsWith('text/html') ?? false;
  if (isPage && /<script>alert|<img src=x/.test(text)) found(`${about}: markup comes back as markup`);
  if (!isPage && headers['content-type'] !== undefined && headers['x-content-type-options'] !== 'nosniff')
    found(`${about}: no X-Content-Type-Options`);
}
