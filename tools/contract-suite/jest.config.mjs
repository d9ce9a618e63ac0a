// `npm run test:contract-suite`: the suite against a service that is broken on purpose, in every way that it must see.
import base from '../../jest.config.mjs';

export default {
  testTimeout: 120_000,
  projects: [
    {
      ...base.projects[0],
      displayName: 'contract suite',
      roots: ['<rootDir>/tools/contract-suite/test'],
      testMatch: ['**/*.suite.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    },
  ],
};
