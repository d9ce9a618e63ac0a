// Tests run on the TypeScript sources: the `@causeway/source` condition points packages at `src`, so nothing has to be built first.
import { readFileSync } from 'node:fs';

// Half an hour and a quarter off: whatever leaves the time zone to the machine fails. Set here, workers inherit it.
process.env.TZ = 'Asia/Kathmandu';

const swc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@causeway/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, sourceMaps: 'inline' }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '/\\.nx/', '/\\.causeway/'],
};
const places = ['apps', 'libs', 'tools'];

export default {
  // A test that hangs ends; one on a slow machine does not.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/tools/longest-first.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: places.map((place) => `<rootDir>/${place}`),
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '\\.e2e\\.spec\\.ts$', '/node_modules/', '/dist/'],
    },
    {
      ...shared,
      displayName: 'integration',
      roots: places.map((place) => `<rootDir>/${place}`),
      testMatch: ['**/*.int.spec.ts'],
      globalSetup: '<rootDir>/tools/testkit/src/jest/global-setup.ts',
      globalTeardown: '<rootDir>/tools/testkit/src/jest/global-teardown.ts',
    },
    {
      ...shared,
      displayName: 'system',
      roots: ['<rootDir>/tools'],
      testMatch: ['**/*.e2e.spec.ts'],
    },
  ],
};
