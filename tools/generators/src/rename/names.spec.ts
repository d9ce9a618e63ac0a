import { problemOfName, renameText } from './names.js';

const from = { name: 'causeway', title: 'Causeway' };
const to = { name: 'acmeshop', title: 'Acme Shop' };

test.each([
  ["import { x } from '@causeway/contracts';", "import { x } from '@acmeshop/contracts';"],
  ['SELECT * FROM causeway.outbox', 'SELECT * FROM acmeshop.outbox'],
  ['process.env.CAUSEWAY_INSIDE', 'process.env.ACMESHOP_INSIDE'],
  ['# Causeway', '# Acme Shop'],
  ['“Causeway is up.”', '“Acme Shop is up.”'],
  ['Causeway-Dlq-Subject: x', 'Acmeshop-Dlq-Subject: x'],
  ['class CausewayError {}; isCauseway', 'class AcmeshopError {}; isAcmeshop'],
  ['the Causeway-like', 'the Acme Shop-like'],
  ['const causewayTarget = 1', 'const acmeshopTarget = 1'],
  ['urn:causeway:problem:x .causeway/logs', 'urn:acmeshop:problem:x .acmeshop/logs'],
])('%j becomes %j', (text, renamed) => {
  expect(renameText(text, from, to)).toBe(renamed);
});

test('there and back again: the same text', () => {
  const text = 'Causeway, @causeway/x, causeway.outbox, CAUSEWAY_X, Causeway-Dlq, causewayTarget';
  expect(renameText(renameText(text, from, to), to, from)).toBe(text);
});

test.each([
  ['Acme', 'one word'],
  ['acme-shop', 'one word'],
  ['9lives', 'one word'],
  ['ab', 'one word'],
  ['a'.repeat(21), 'one word'],
  ['order', 'PostgreSQL'],
  ['pgthings', 'PostgreSQL'],
  ['pay', 'part of the name of payment'],
])('%s is refused: %s', (name, reason) => {
  expect(problemOfName(name, ['payment', 'gateway'])).toContain(reason);
});

test('an ordinary name is taken', () => {
  expect(problemOfName('acmeshop', ['payment', 'gateway'])).toBeUndefined();
});
