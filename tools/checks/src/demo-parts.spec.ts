import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoPaths, demoScripts, demoServices } from '../../generators/src/strip-demo/demo-parts.js';
import { withoutRegions } from '../../generators/src/strip-demo/regions.js';
import { root } from './repository.js';

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
const own = (file: string): boolean => /^tools\/(generators|checks)\//.test(file);
const problemOf = (text: string): string | undefined => {
  try {
    withoutRegions(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

test('marks of the demo pair in every file', () => {
  const found = tracked.flatMap((file) => {
    if (own(file) || !existsSync(join(root, file))) return [];
    const problem = problemOf(readFileSync(join(root, file), 'utf8'));
    return problem === undefined ? [] : [`${file}: ${problem}`];
  });
  expect(found).toEqual([]);
});

test('a mark without its counterpart is found', () => {
  expect(problemOf('a\n// demo\nb')).toBe('line 2: "// demo" has no end');
});

test('everything that strip-demo removes is there, and in order', () => {
  const there = (path: string): boolean => tracked.some((file) => file === path || file.startsWith(`${path}/`));
  expect(demoPaths.filter((path) => !there(path))).toEqual([]);
  expect(demoPaths).toEqual([...new Set(demoPaths)].sort());
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(demoScripts.filter((script) => !(script in scripts))).toEqual([]);
  for (const service of demoServices) expect(there(`apps/${service}`)).toBe(true);
});

test('a threat whose test goes with the demo goes, too', () => {
  const page = readFileSync(join(root, 'docs/guides/threat-model.md'), 'utf8');
  const stays = withoutRegions(page).match(/(?<=\]\(\.\.\/\.\.\/)[^)]+\.ts(?=\))/g) ?? [];
  expect(stays.length).toBeGreaterThan(20);
  expect(stays.filter((path) => demoPaths.some((demo) => path === demo || path.startsWith(`${demo}/`)))).toEqual([]);
});
