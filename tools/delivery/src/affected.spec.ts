import { gates, planFor } from './affected.js';

const systemTests = ['@causeway/cli', '@causeway/e2e'];

test('a change of one service runs it, the gates and the tests of the system', () => {
  expect(planFor(['apps/order/src/main.ts'], ['@causeway/order', 'causeway'], systemTests)).toEqual({
    projects: ['@causeway/order', ...gates, ...systemTests].sort(),
  });
});

test('a change of an example, which is no project, runs the tests of the system', () => {
  expect(planFor(['examples/blog-python/blog/web.py'], ['causeway'], systemTests)).toEqual({
    projects: [...gates, ...systemTests].sort(),
  });
});

test.each(['docs/slo.md', 'README.md', 'k8s/base/kustomization.yaml', '.gitlab-ci.yml', 'Jenkinsfile'])(
  'a change of %s runs the gates alone',
  (path) => {
    expect(planFor([path], ['causeway'], systemTests)).toEqual({ projects: [...gates].sort() });
  },
);

test.each(['package-lock.json', 'tools/test.mjs', 'nx.json', '.npmrc', 'a-new-file-at-the-top'])(
  'a change of %s runs everything',
  (path) => {
    expect(planFor(['docs/slo.md', path], [], systemTests)).toEqual({ everything: `${path} concerns every project` });
  },
);
