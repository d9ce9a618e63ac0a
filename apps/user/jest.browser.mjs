// `npm run test:browser`: the pages of user in Chromium. It takes long, and needs a browser: `npm run test:all` has it.
import everything from '../../jest.config.mjs';

const integration = everything.projects.find(({ displayName }) => displayName === 'integration');

export default {
  ...integration,
  displayName: 'browser',
  testTimeout: everything.testTimeout,
  roots: ['<rootDir>/apps/user'],
  testMatch: ['**/*.browser.ts'],
};
