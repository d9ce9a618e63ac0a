import { patience, type CheckResult } from '@causeway/contract-suite';
import { checks, MiniWorld } from './mini-world.js';

let mini: MiniWorld;
beforeAll(async () => {
  mini = await MiniWorld.start();
});
afterAll(() => mini?.stop());

test('a service that uses nothing of this repository keeps the contract', async () => {
  const results: CheckResult[] = [];
  for (const { id } of checks) results.push(await mini.run(id));
  await mini.restart();
  expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
});

/** One for each file of checks; `broken.suite.ts` has all of them (`npm run test:contract-suite`). */
const faults: Readonly<Record<string, string>> = {
  'alg-none-accepted': 'createThing/token-forged',
  'zero-accepted': 'createThing/body-invalid',
  'field-extra': 'createThing/success',
  'deadline-late': 'createThing/deadline',
  'replay-publishes': 'createThing/key-replay',
  'stale-accepted': 'changeThing/version-stale',
  'not-found-for-method': 'http/method-wrong /v1/things',
  'no-inbox': 'other.evt.happened.v1/once',
  'dead-letter-without-pointer': 'other.evt.happened.v1/invalid',
  'rpc-shape': 'mini.rpc.count-things.v1/reply',
};

test.each(Object.entries(faults))('broken on purpose, it fails the check for it: %s, %s', async (fault, id) => {
  expect(await mini.runWith(fault, id)).toMatchObject({ id, outcome: 'failed' });
});

test('it fails a check that waits, too, and the message says for what', async () => {
  patience.factor = 0.05;
  const result = await mini.runWith('event-untraced', 'createThing/trace');
  patience.factor = 1;
  expect(result).toMatchObject({
    outcome: 'failed',
    detail: expect.stringContaining('mini.evt.created.v1 is published'),
  });
});

test('an exception that the service does not need is reported, and one that it needs is not a failure', async () => {
  expect(await mini.run('management/health', 'it cannot')).toMatchObject({ outcome: 'failed' });
  await mini.restart('not-live');
  expect(await mini.run('management/health', 'it cannot')).toMatchObject({ outcome: 'excepted', detail: 'it cannot' });
});
