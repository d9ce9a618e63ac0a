import { isCommonPassword } from './common-passwords.js';

test.each(['1qaz2wsx3edc', 'administrator', 'JustinBieber', 'Q1W2E3R4T5Y6'])(
  '%s is refused: it is on the list',
  (password) => {
    expect(isCommonPassword(password)).toBe(true);
  },
);

test.each(['password1234', 'Password-2026!', '!!iloveyou2024', '123qwerty456!'])(
  '%s is refused: a listed word between digits and signs',
  (password) => {
    expect(isCommonPassword(password)).toBe(true);
  },
);

test.each(['aaaaaaaaaaaa', 'abcabcabcabc', 'dragondragon'])('%s is refused: a repetition', (password) => {
  expect(isCommonPassword(password)).toBe(true);
});

test.each(['abcdefghijkl', '123456789012', 'qwertyuiopas', 'lkjhgfdsapoi'])(
  '%s is refused: a run of keys',
  (password) => {
    expect(isCommonPassword(password)).toBe(true);
  },
);

test.each([
  'correct horse battery',
  'Tulpen-im-Novemberregen',
  'x7Kw-91mq-Zt40',
  'gateway to nowhere',
  '密码是一个很长的秘密短语',
])('%s is accepted', (password) => {
  expect(isCommonPassword(password)).toBe(false);
});
