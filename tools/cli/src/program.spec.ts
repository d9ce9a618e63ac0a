import type { Command } from 'commander';
import { CommandFailed } from './failure.js';
import { durationMs, duration } from './output/duration.js';
import { table } from './output/table.js';
import { createProgram, runProgram } from './program.js';

const parts = (printed: string[] = [], errors: string[] = []) => ({
  openTarget: () => Promise.reject(new CommandFailed('nothing runs', 'Start it.')),
  print: (text: string) => void printed.push(text),
  printError: (text: string) => void errors.push(text),
  signal: new AbortController().signal,
});

/** Every command that does something, with its words: `dlq replay`. */
function leaves(command: Command, words: readonly string[] = []): string[][] {
  if (command.commands.length === 0) return [[...words]];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}
const commands = leaves(createProgram(parts())).filter(([name]) => name !== 'complete');

test('there are commands', () => {
  expect(commands.length).toBeGreaterThan(12);
});

test.each(commands.map((words) => [words]))('%j has a help page with an example, and --json', async (words) => {
  const printed: string[] = [];
  expect(await runProgram([...words, '--help'], parts(printed))).toBe(0);
  const page = printed.join('\n');
  expect(page).toMatch(new RegExp(`Example:\n  \\$ npx causeway ${words.join(' ')}`));
  expect(page).toContain('--json');
});

test('--version names version, commit and Node, and is JSON where JSON is asked for', async () => {
  const printed: string[] = [];
  expect(await runProgram(['--version'], parts(printed))).toBe(0);
  expect(await runProgram(['--version', '--json'], parts(printed))).toBe(0);
  const node = process.versions.node;
  expect(printed[0]).toMatch(new RegExp(`^causeway \\d+\\.\\d+\\.\\d+(, commit [0-9a-f]{12})?, Node ${node}$`));
  expect(JSON.parse(printed[1]!)).toMatchObject({ version: expect.stringMatching(/^\d/) as string, node });
});

test('without a target the exit code is 1, and the error is JSON where JSON is asked for', async () => {
  const errors: string[] = [];
  expect(await runProgram(['services'], parts([], errors))).toBe(1);
  expect(await runProgram(['services', '--json'], parts([], errors))).toBe(1);
  expect(errors).toEqual(['error: nothing runs\nStart it.', '{"error":"nothing runs","remedy":"Start it."}']);
});

test.each([
  [['dance'], 'unknown command'],
  [['log-level', 'user', 'loud'], 'is invalid'],
  [['log-level', 'user'], 'missing required argument'],
  [['logs', '--trace', 'zzz'], 'is not a trace id'],
  [['logs', '--nonsense'], 'unknown option'],
])('wrong usage is JSON where JSON is asked for, and the exit code is 2: %j', async (args, says) => {
  const errors: string[] = [];
  expect(await runProgram([...args, '--json'], parts([], errors))).toBe(2);
  expect(errors).toHaveLength(1);
  expect((JSON.parse(errors[0]!) as { error: string }).error).toContain(says);
});

test.each([
  ['30s', 30_000],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('%s is %d ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(['', '10', '1.5h', '-1m', '10 m', '10M'])('"%s" is not a duration', (text) => {
  expect(() => durationMs(text)).toThrow('is not a duration');
});

test.each([
  [59_400, '59 s'],
  [59_600, '1 min'],
  [3_599_000, '59 min'],
  [7_200_000, '2 h'],
  [200_000_000, '2 d'],
])('%d ms reads %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('a table aligns its columns, leaves out empty ones, and lets no cell move the cursor', () => {
  const rows = [
    ['a\u001b[2J\nb', 5, undefined],
    ['long name', 1_000, undefined],
  ];
  expect(table(['name', 'count', 'never'], rows)).toEqual(['name       count', 'a [2J b        5', 'long name   1000']);
});
