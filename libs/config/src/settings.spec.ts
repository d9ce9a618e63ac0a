import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  durationMs,
  flag,
  httpUrl,
  integer,
  list,
  loadSettings,
  port,
  ratio,
  secret,
  SettingsInvalid,
  withDefault,
} from './index.js';

const shape = {
  HTTP_PORT: port(),
  API_KEY: secret(),
  TIMEOUT_MS: withDefault(durationMs(1, 1_000), '500'),
};

function problemsOf(run: () => unknown): Record<string, string> {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsInvalid)
      return Object.fromEntries(error.problems.map(({ name, message }) => [name, message]));
    throw error;
  }
  throw new Error('expected SettingsInvalid');
}

test('values are typed and defaults apply', () => {
  expect(loadSettings(shape, { HTTP_PORT: '3000', API_KEY: 'k'.repeat(16) })).toEqual({
    HTTP_PORT: 3000,
    API_KEY: 'k'.repeat(16),
    TIMEOUT_MS: 500,
  });
});

test('every wrong setting is named at once, and no value is shown', () => {
  const env = { HTTP_PORT: '70000', API_KEY: 'hunter2', TIMEOUT_MS: 'hunter3' };
  expect(problemsOf(() => loadSettings(shape, env))).toEqual({
    HTTP_PORT: 'expected at most 65535',
    API_KEY: 'expected at least 16 characters',
    TIMEOUT_MS: expect.stringContaining('expected'),
  });
  expect(() => loadSettings(shape, env)).not.toThrow(/hunter|70000/);
});

test('a missing setting is called missing, an empty one too', () => {
  expect(problemsOf(() => loadSettings(shape, { API_KEY: '' }))).toEqual({
    HTTP_PORT: 'missing; set HTTP_PORT or HTTP_PORT_FILE',
    API_KEY: 'missing; set API_KEY or API_KEY_FILE',
  });
});

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-config-'));
  const file = join(folder, 'key');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is read without its trailing line break', () => {
    writeFileSync(file, 'a-secret-of-sixteen\n');
    expect(loadSettings({ API_KEY: secret() }, { API_KEY_FILE: file })).toEqual({ API_KEY: 'a-secret-of-sixteen' });
  });

  test('that does not exist is reported', () => {
    expect(
      problemsOf(() => loadSettings({ API_KEY: secret() }, { API_KEY_FILE: `${file}.gone` }))['API_KEY'],
    ).toContain('ENOENT');
  });

  test('beside the variable itself is refused', () => {
    expect(
      problemsOf(() => loadSettings({ API_KEY: secret() }, { API_KEY: 'x', API_KEY_FILE: file }))['API_KEY'],
    ).toContain('not both');
  });
});

test.each([
  [port(), '80', 80],
  [port(), '80.5', undefined],
  [port(), '', undefined],
  [port(), '0', 0],
  [integer(-5, 5), '-5', -5],
  [ratio(), '0.25', 0.25],
  [ratio(), '1', 1],
  [ratio(), '1.01', undefined],
  [ratio(), '.5', undefined],
  [ratio(), '-0.5', undefined],
  [ratio(), '1e-1', undefined],
  [flag(), 'true', true],
  [flag(), 'yes', undefined],
  [list(), 'a, b,', ['a', 'b']],
  [list(), ',', undefined],
  [httpUrl(), 'http://127.0.0.1:3000/', 'http://127.0.0.1:3000'],
  [httpUrl(), 'ftp://host', undefined],
])('kind %#: %j reads as %j', (kind, input, expected) => {
  const parsed = kind.safeParse(input);
  expect(parsed.success ? parsed.data : undefined).toEqual(expected);
});

test.each([
  '08',
  '+80',
  ' 80',
  '80 ',
  '8e1',
  '0x50',
  '80.0',
  '-0',
  '--1',
  '８０',
  '1_000',
  'NaN',
  '99999999999999999999',
])('%j is no whole number', (text) => expect(port().safeParse(text).success).toBe(false));
