import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './repository.js';

const folder = join(root, 'docs/decisions');
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');

test('the index of the decisions has each once, in order, by its own title', () => {
  const files = globSync(join(folder, '0*.md'))
    .map((path) => basename(path))
    .sort();
  const wanted = files.map((file) => {
    const [number, ...title] = text(file).split('\n', 1)[0]!.replace(/^# /, '').split(' ');
    return `[${number}](${file}): ${title.join(' ')}`;
  });
  const rows = [...text('README.md').matchAll(/^\| (\[\d.*?\)) +\| (.*?) +\|$/gm)].map(
    ([, link, title]) => `${link}: ${title}`,
  );
  expect(wanted.length).toBeGreaterThan(0);
  expect(rows).toEqual(wanted);
});

test('a decision is known by its number alone', () => {
  const numbers = globSync(join(folder, '0*.md')).map((path) => basename(path).slice(0, 4));
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
});
