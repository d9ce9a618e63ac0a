// `npm run test:template`: what happens to a fork, in a copy of the repository.
import base from '../../jest.config.mjs';

export default {
  testTimeout: 1_800_000,
  projects: [
    {
      ...base.projects[0],
      displayName: 'template',
      roots: ['<rootDir>/tools/cli/test', '<rootDir>/tools/generators/test'],
      testMatch: ['**/*.template.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    },
  ],
};
