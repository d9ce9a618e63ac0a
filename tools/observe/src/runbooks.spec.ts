import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { alertNames, ruleGroups } from './rules.js';
import { runbook, runbookAnnotation } from './runbooks.js';
import { slos } from './slo.js';

const root = join(import.meta.dirname, '../../..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const written = globSync(join(root, 'docs/runbooks/*.md'))
  .map((path) => basename(path, '.md'))
  .filter((name) => name !== 'README');

test('every alert has a runbook, and every runbook an alert', () => {
  expect(written.sort()).toEqual([...alertNames].sort());
});

test('an alert names its own runbook', () => {
  const wrong = ruleGroups
    .flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule] : [])))
    .filter(
      ({ alert, annotations }) => !(annotations['runbook'] ?? annotations['runbook_url'])?.endsWith(`/${alert}.md`),
    );
  expect(wrong).toEqual([]);
});

test('the runbook is a link where the setting names an address, and a path where it does not', () => {
  expect(runbookAnnotation('DeadLetters', '')).toEqual({ runbook: 'docs/runbooks/DeadLetters.md' });
  const url = 'https://git.shop.io/shop/blob/main/docs/runbooks/DeadLetters.md';
  for (const folder of [
    'https://git.shop.io/shop/blob/main/docs/runbooks',
    'https://git.shop.io/shop/blob/main/docs/runbooks/',
  ])
    expect(runbookAnnotation('DeadLetters', folder)).toEqual({ runbook_url: url });
});

test.each(alertNames)('the runbook of %s says what it means, where to look and what to do', (name) => {
  const headings = [...text(runbook(name)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([name, 'What it means', 'Look', 'Do']);
});

test.each(slos)('docs/slo.md states the objective of $name', ({ title, objective, counts }) => {
  const rows = text('docs/slo.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .replace(' <!-- demo -->', '')
        .split('|')
        .map((cell) => cell.trim()),
    );
  expect(rows).toContainEqual(['', title, `${Number((objective * 100).toFixed(4))} %`, counts, '']);
});
