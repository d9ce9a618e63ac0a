import { patience } from '@causeway/contract-suite';
import { checks, MiniWorld } from './mini-world.js';

/** By fault, the checks that must fail. The names of the faults are in `fixtures/mini-service`. */
const faults: Readonly<Record<string, string>> = {
  'token-optional': 'createThing/token-missing',
  'no-challenge': 'createThing/token-missing',
  'alg-none-accepted': 'createThing/token-forged',
  'hs256-accepted': 'getThing/token-forged',
  'signature-unchecked': 'changeThing/token-forged',
  'unknown-key-accepted': 'createThing/token-forged',
  'expired-accepted': 'createThing/token-expired',
  'not-before-ignored': 'createThing/token-not-yet',
  'issuer-ignored': 'createThing/token-issuer',
  'audience-ignored': 'createThing/token-audience',
  'type-ignored': 'createThing/token-type',
  'scope-ignored': 'createThing/scope-missing',
  'owner-ignored': 'getThing/owner-only',
  'hook-unsigned': 'receiveHook/signature',
  'malformed-is-invalid': 'createThing/body-malformed',
  'encoding-ignored': 'createThing/body-malformed',
  'unknown-field-accepted': 'createThing/body-invalid',
  'missing-accepted': 'createThing/body-invalid',
  'too-long-accepted': 'createThing/body-invalid',
  'zero-accepted': 'createThing/body-invalid',
  'surrogate-accepted': 'createThing/body-invalid',
  'no-pointer': 'createThing/body-invalid',
  'wrong-pointer': 'createThing/body-invalid',
  'type-of-body-ignored': 'createThing/body-type',
  'body-unlimited': 'createThing/body-too-large',
  'query-unknown-accepted': 'listThings/query-invalid',
  'limit-unbounded': 'listThings/query-invalid',
  'cursor-trusted': 'listThings/cursor-forged',
  'id-unchecked': 'getThing/id-invalid',
  'id-invented': 'getThing/id-unknown',
  'wrong-status': 'createThing/success',
  'field-missing': 'createThing/success',
  'field-extra': 'createThing/success',
  'no-etag': 'createThing/success',
  'no-location': 'createThing/success',
  cacheable: 'createThing/success',
  'trace-dropped': 'getThing/trace',
  'no-spans': 'getThing/trace',
  'event-untraced': 'createThing/trace',
  'deadline-ignored': 'createThing/deadline',
  'deadline-late': 'createThing/deadline',
  'key-optional': 'createThing/key-missing',
  'replay-repeats': 'createThing/key-replay',
  'replay-publishes': 'createThing/key-replay',
  'replay-unmarked': 'createThing/key-replay',
  race: 'createThing/key-concurrent',
  'key-reuse-accepted': 'createThing/key-reused',
  'key-of-everybody': 'createThing/key-owner',
  'if-match-optional': 'changeThing/version-missing',
  'stale-accepted': 'changeThing/version-stale',
  'version-kept': 'changeThing/version-once',
  'problem-as-text': 'http/path-unknown',
  'problem-without-trace': 'http/path-unknown',
  'undeclared-code': 'http/path-unknown',
  'health-on-http': 'http/path-unknown',
  'not-found-for-method': 'http/method-wrong /v1/things',
  'no-allow': 'http/method-wrong /v1/things',
  'not-live': 'management/health',
  'governance-open': 'management/governance',
  'no-metrics': 'management/metrics',
  unannounced: 'discovery/announced',
  'message-ignored': 'other.evt.happened.v1/handled',
  'no-inbox': 'other.evt.happened.v1/once',
  'publishes-again': 'other.evt.happened.v1/once',
  'newer-refused': 'other.evt.happened.v1/unknown-field',
  'poison-loops': 'other.evt.happened.v1/malformed',
  'poison-dropped': 'other.evt.happened.v1/malformed',
  'dead-letter-bare': 'other.evt.happened.v1/malformed',
  'dead-letter-changed': 'other.evt.happened.v1/malformed',
  'invalid-handled': 'other.evt.happened.v1/invalid',
  'dead-letter-without-pointer': 'other.evt.happened.v1/invalid',
  'outgoing-untraced': 'other.evt.happened.v1/trace',
  'rpc-shape': 'mini.rpc.count-things.v1/reply',
  'rpc-error-unmarked': 'mini.rpc.count-things.v1/refusals',
  'rpc-deadline-ignored': 'mini.rpc.count-things.v1/refusals',
};

/** These concern the start or the end of the process, so each has a process of its own. */
const atStart: Readonly<Record<string, string>> = {
  'ready-without-database': 'health/database',
  'unready-without-broker': 'health/broker',
  'stop-ignored': 'process/stop',
  'stop-at-once': 'process/stop',
  'exit-code': 'process/stop',
  'listens-to-others': 'broker/permissions',
  'dies-without-database': 'health/database',
  'gives-up-broker': 'health/broker',
  'migrates-again': 'process/migrate',
  'starts-without-setting': 'process/settings',
  'prints-secrets': 'process/settings',
};

/** What the service has published once stays wrong, so these are checked in a world of their own, at the end. */
const published: Readonly<Record<string, string>> = {
  'event-with-secret': 'mini.evt.created.v1/published',
  'event-of-nobody': 'mini.evt.created.v1/published',
  'event-without-id': 'mini.evt.created.v1/published',
};

let mini: MiniWorld;
beforeAll(async () => {
  mini = await MiniWorld.start();
  patience.factor = 0.05;
});
afterAll(() => mini?.stop());

test.each(Object.entries(faults))('%s: %s', async (fault, id) => {
  expect(await mini.runWith(fault, id)).toMatchObject({ id, outcome: 'failed' });
});

test.each(Object.entries(atStart))('%s: %s', async (fault, id) => {
  await mini.restart(fault);
  expect(await mini.run(id)).toMatchObject({ id, outcome: 'failed' });
});

test.each(Object.entries(published))('%s: %s', async (fault, id) => {
  await mini.restart(fault);
  mini.world.broker.seen.length = 0;
  await mini.run('createThing/success');
  expect(await mini.run(id)).toMatchObject({ id, outcome: 'failed' });
});

/** `createThing/success` and `getThing/success` are of one kind. */
const kindOf = (id: string): string =>
  id.replace(/^(?!http\/|management\/|health\/|process\/|discovery\/|broker\/)[^/]+\//, '…/').replace(/ .*/, '');

test('every kind of check has been seen to fail', () => {
  const failing = [faults, atStart, published].flatMap((each) => Object.values(each));
  const kinds = (ids: readonly string[]): string[] => [...new Set(ids.map(kindOf))].sort();
  expect(kinds(failing)).toEqual(kinds(checks.map(({ id }) => id)));
});
