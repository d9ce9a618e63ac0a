import { dictionary } from '@zxcvbn-ts/language-common';

/**
 * The 49,000 passwords of zxcvbn-ts (MIT, github.com/zxcvbn-ts/zxcvbn), taken from published breaches, most frequent
 * first. Only about 300 of them have the 12 characters we require, so the usual ways to stretch a short password are
 * checked as well.
 */
const common: ReadonlySet<string> = new Set(dictionary['passwords-common']);

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
];
const typed = 'qwertyuiopasdfghjklzxcvbnm';
const runs = [...rows, typed].flatMap((row) => [row.repeat(3), [...row].reverse().join('').repeat(3)]);

/** A listed word between digits and signs: `password1234`, `!!iloveyou2024`. */
function isPaddedWord(password: string): boolean {
  const core = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return core.length >= 4 && core.length < password.length && common.has(core);
}

/** A short piece or a listed word, repeated: `abcabcabcabc`, `secretsecret`. */
function isRepetition(password: string): boolean {
  const piece = /^(.+?)\1+$/su.exec(password)?.[1];
  return piece !== undefined && (piece.length <= 4 || common.has(piece));
}

/**
 * Returns true for a password that attackers try first: a listed one, a listed word with digits or signs around it, a
 * repetition, or a run of the alphabet, the digits or a keyboard row. Ignores case.
 */
export function isCommonPassword(password: string): boolean {
  const lower = password.normalize('NFKC').toLowerCase();
  return common.has(lower) || isPaddedWord(lower) || isRepetition(lower) || runs.some((run) => run.includes(lower));
}
