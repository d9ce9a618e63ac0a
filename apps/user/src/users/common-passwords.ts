import { dictionary } from '@zxcvbn-ts/language-common';

/**
 * The 49 000 passwords of zxcvbn-ts (MIT, github.com/zxcvbn-ts/zxcvbn), which come from published breaches, most frequent first. Only some
 * 300 of them have the 12 characters that we ask for anyway, therefore the usual ways to make a long one of a short one are looked at, too.
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

/** A word of the list, alone or between digits and signs: `password1234`, `!!iloveyou2024`. */
function isPaddedWord(password: string): boolean {
  const core = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return core.length >= 4 && core.length < password.length && common.has(core);
}

/** A short piece, or a word of the list, again and again: `abcabcabcabc`, `secretsecret`. */
function isRepetition(password: string): boolean {
  const piece = /^(.+?)\1+$/su.exec(password)?.[1];
  return piece !== undefined && (piece.length <= 4 || common.has(piece));
}

/**
 * True for a password that is guessed first: listed, a listed word with digits or signs around it, a repetition, or a run of the
 * alphabet, the digits or the keyboard. Upper and lower case count as the same.
 */
export function isCommonPassword(password: string): boolean {
  const lower = password.normalize('NFKC').toLowerCase();
  return common.has(lower) || isPaddedWord(lower) || isRepetition(lower) || runs.some((run) => run.includes(lower));
}
