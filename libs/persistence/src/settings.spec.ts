import { loadSettings, SettingsInvalid } from '@causeway/config';
import { FieldKeys } from './field-keys.js';
import { databaseSettings, fieldKeySettings } from './settings.js';

const key = Buffer.alloc(32, 7).toString('base64');
const problemOf = (fieldKeys: string): string => {
  try {
    loadSettings(fieldKeySettings, { FIELD_KEYS: fieldKeys, BLIND_INDEX_KEY: 'k'.repeat(32) });
    return '';
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    return error.message;
  }
};

test('only the address is required', () => {
  expect(loadSettings(databaseSettings, { DATABASE_URL: 'postgres://u:p@h:5432/d' })).toEqual({
    DATABASE_URL: 'postgres://u:p@h:5432/d',
    DATABASE_POOL_MAX: 10,
    DATABASE_CONNECT_TIMEOUT_MS: 2_000,
    DATABASE_STATEMENT_TIMEOUT_MS: 5_000,
    DATABASE_IDLE_TIMEOUT_MS: 30_000,
    DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: 10_000,
  });
});

test.each(['mysql://u:p@h/d', 'postgres://h', 'localhost'])('%s is not an address', (url) => {
  expect(() => loadSettings(databaseSettings, { DATABASE_URL: url })).toThrow(SettingsInvalid);
});

test('field keys become a keyring whose last one is current', () => {
  const settings = loadSettings(fieldKeySettings, {
    FIELD_KEYS: `v1:${key}, v2:${key}`,
    BLIND_INDEX_KEY: 'k'.repeat(32),
  });
  expect(settings.FIELD_KEYS).toBeInstanceOf(FieldKeys);
  expect([settings.FIELD_KEYS.current, settings.FIELD_KEYS.key('v1')?.symmetricKeySize]).toEqual(['v2', 32]);
});

test.each([
  ['nonsense', 'expected v1:<base64>'],
  [`${key}`, 'expected v1:<base64>'],
  [`v1:${key},v1:${key}`, 'v1 appears twice'],
  ['v1:c2hvcnQtc2VjcmV0', 'v1 has 12'],
])('field keys %#: the report says what is wrong and shows no key', (value, expected) => {
  expect(problemOf(value)).toContain(expected);
  expect(problemOf(value)).not.toMatch(/BwcH|c2hvcnQ/);
});
