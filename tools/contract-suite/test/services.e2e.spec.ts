import { checksOf, coveredServices, listedTarget, runSuite, type CheckResult } from '@causeway/contract-suite';

/**
 * Every service of the list, also one that a team has added, keeps its contract. The suites run at the same time, each
 * in a world of its own: they mostly wait.
 */
const covered = await Promise.all(
  coveredServices.map(async (service) => ({ name: service.name, target: await listedTarget(service) })),
);
const suites = new Map<string, Promise<readonly CheckResult[]>>();

beforeAll(() => {
  for (const { name, target } of covered) {
    const suite = runSuite(target);
    suite.catch(() => undefined);
    suites.set(name, suite);
  }
});
/** Whatever fails, the worlds end before the file does. */
afterAll(() => Promise.allSettled([...suites.values()]), 300_000);

test('there are services to check', () => expect(covered.length).toBeGreaterThan(0));

describe.each(covered)('$name keeps its contract', ({ name, target }) => {
  test.each(checksOf(target))(
    '$id: $about',
    async ({ id }) => {
      const result = (await suites.get(name))?.find((each) => each.id === id);
      expect(result).toEqual(expect.objectContaining({ id, outcome: expect.stringMatching(/^(passed|excepted)$/) }));
    },
    300_000,
  );
});
