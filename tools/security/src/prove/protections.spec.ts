import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { attacks } from '../attacks.js';
import { protections } from './protections.js';
import { recordedProofs, without } from './prove.js';

const root = new URL('../../../../', import.meta.url);

test.each(protections.map((each) => [each.about, each] as const))('%s: can be taken away', (_about, protection) => {
  const text = readFileSync(fileURLToPath(new URL(protection.file, root)), 'utf8');
  expect(without(protection, text)).not.toBe(text);
});

test('each names an attack, and was seen missing', () => {
  const ids = attacks.map(({ id }) => id);
  const proofs = recordedProofs();
  expect(protections.filter(({ attack }) => !ids.includes(attack))).toEqual([]);
  expect(protections.map(({ about }) => about).filter((about) => !proofs[about])).toEqual([]);
});

test('each attack, and fuzzing once, has seen a protection missing', () => {
  const seen = new Set(protections.map(({ attack }) => attack.replace(/^fuzz\/.*/, 'fuzz')));
  const all = new Set(attacks.map(({ id }) => id.replace(/^fuzz\/.*/, 'fuzz')));
  expect([...all].filter((id) => !seen.has(id))).toEqual([]);
});
