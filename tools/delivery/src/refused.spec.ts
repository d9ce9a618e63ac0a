import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { NoEngine } from '@causeway/images';
import { output } from '@causeway/launcher/run';
import { jest } from '@jest/globals';
import { root } from './places.js';
import { DeliveryRefused, runCommand } from './refused.js';

const usage = 'Does something.\n\n  npm run something';

/** What a person sees, and the exit code. */
async function shown(main: () => Promise<void>, args: string[] = []): Promise<[text: unknown, code: unknown]> {
  const before = process.exitCode;
  const texts: unknown[] = [];
  const spies = (['log', 'error'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation((text: unknown) => void texts.push(text)),
  );
  try {
    process.exitCode = 0;
    runCommand(usage, main, args);
    while (texts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(texts).toHaveLength(1);
    return [texts[0], process.exitCode];
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
const parsing = (args: string[]) => () =>
  Promise.resolve().then(() => void parseArgs({ args, options: { plan: { type: 'boolean' } } }));

test('--help says how a command is used, and does nothing', async () => {
  const never = () => Promise.reject(new Error('it ran'));
  expect(await shown(never, ['--help'])).toEqual([usage, 0]);
});

test('an argument that a command does not know is named, with how it is used, and without a stack', async () => {
  expect(await shown(parsing(['--plam']))).toEqual([`Unknown option '--plam'\n\n${usage}`, 1]);
  expect(await shown(parsing(['x']))).toEqual([
    expect.stringMatching(/^Unexpected argument 'x'\.[^]*Does something/),
    1,
  ]);
});

test('what a person can put right has no stack, and what nobody expected has one', async () => {
  expect(await shown(() => Promise.reject(new DeliveryRefused('commit first')))).toEqual(['commit first', 1]);
  expect(await shown(() => Promise.reject(new NoEngine('no Docker')))).toEqual(['no Docker', 1]);
  const bug = new TypeError('x is undefined');
  expect(await shown(() => Promise.reject(bug))).toEqual([bug, 1]);
});

test('a program that failed or is not there is explained without a stack: what it said, and what to do', async () => {
  const git = () => output(['git', '-C', root, 'ls-remote', '/nowhere.git']).then(() => undefined);
  const [said, code] = await shown(git);
  expect(code).toBe(1);
  expect(said).toMatch(/ls-remote \/nowhere\.git failed \(128\):\n[^]*does not appear to be a git repository/);
  expect(said).toMatch(/`git fetch origin` has to work here; then run this again\.$/);
  const none = () => output(['no-such-program']).then(() => undefined);
  expect(await shown(none)).toEqual([expect.stringMatching(/^There is no no-such-program on the PATH: install it/), 1]);
});

test('each command says how its own script is used', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = globSync(join(root, 'tools/delivery/src/*-command.ts'));
  expect(commands.length).toBeGreaterThan(10);
  for (const path of commands) {
    const name = basename(path, '.ts');
    const script = Object.entries(scripts).find(([, command]) => command.includes(`delivery/dist/${name}.js`))?.[0];
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`const usage = \`[^\`]*npm run ${script}\\b`));
  }
});
