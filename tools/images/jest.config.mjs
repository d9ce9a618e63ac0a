// `npm run test:images`: the contents of the images, and the system tests of tools/e2e against containers instead of
// processes.
import base from '../../jest.config.mjs';

const project = (displayName, folders, testMatch, more) => ({
  ...base.projects[0],
  ...more,
  displayName,
  roots: folders.map((folder) => `<rootDir>/${folder}`),
  testMatch: [testMatch],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
});

export default {
  testTimeout: base.testTimeout,
  projects: [
    project('images', ['tools/images/test', 'tools/e2e/test', 'tools/delivery/test'], '**/*.images.ts'),
    project('system from images', ['tools/e2e/test'], '**/*.e2e.spec.ts', { globals: { causewayTarget: 'images' } }),
  ],
};
