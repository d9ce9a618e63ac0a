import { loadSettings } from '@causeway/config';
import { CodedError } from '@causeway/errors';
import { createPolicy } from '@causeway/resilience';
import { createLogger, getLogger, logLevel, setLogLevel } from '@causeway/telemetry';
import { z } from 'zod';
import { problemOf, sendRaw } from '../../test/raw.js';
import { HostState } from '../host-state.js';
import { hostSettings } from '../settings.js';
import { governanceRoute } from './governance-route.js';
import { startManagementServer, type ManagementServer } from './management-server.js';
import { readiness, registerReadiness, type ReadinessCheck, type ReadinessPart } from './readiness.js';

class Away extends CodedError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly remedy = 'Wait.';
}

const registered: (() => void)[] = [];
const register = (name: string, check: ReadinessCheck, options: Partial<ReadinessPart> = {}) =>
  registered.push(registerReadiness({ name, check, ...options }));
afterEach(() => registered.splice(0).forEach((remove) => remove()));

const started = (): HostState => Object.assign(new HostState(), { started: true });

describe('readiness', () => {
  test('needs a started process and every required part', async () => {
    const host = new HostState();
    register('database', () => undefined);
    expect((await readiness(host)).status).toBe('starting');
    host.started = true;
    expect(await readiness(host)).toMatchObject({ status: 'ready', parts: { database: { ok: true, required: true } } });
    register('cache', () => Promise.resolve(false));
    expect(await readiness(host)).toMatchObject({ status: 'unavailable', parts: { cache: { ok: false } } });
  });

  test('shows a part that is not required, and does not depend on it', async () => {
    register('broker', () => false, { required: false });
    expect(await readiness(started())).toMatchObject({
      status: 'ready',
      parts: { broker: { ok: false, required: false } },
    });
  });

  test('shows the message of a CodedError, and of nothing else', async () => {
    register('one', () => Promise.reject(new Away('the database does not answer')));
    register('two', () => {
      throw new Error('connect 10.0.0.3 as admin');
    });
    const { parts } = await readiness(started());
    expect([parts['one']?.detail, parts['two']?.detail]).toEqual(['the database does not answer', 'not available']);
  });

  test('does not wait for a check that hangs', async () => {
    register('database', () => new Promise(() => undefined), { timeoutMs: 20 });
    expect((await readiness(started())).status).toBe('unavailable');
  });

  test('ends when the stop begins', async () => {
    const host = started();
    host.beginStop(1_000);
    expect((await readiness(host)).status).toBe('stopping');
    expect(host.stopping.aborted).toBe(true);
  });
});

describe('the management port', () => {
  const token = 't'.repeat(32);
  const operatorToken = 'o'.repeat(32);
  const host = started();
  let server: ManagementServer;
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

  beforeAll(async () => {
    const settings = loadSettings(hostSettings, {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      MANAGEMENT_TOKEN: token,
      OPERATOR_TOKEN: operatorToken,
      INSTANCE_ID: 'one',
    });
    server = await startManagementServer(
      { service: 'order', version: '1.2.3', commit: 'c0ffee', instanceId: 'one' },
      settings,
      host,
    );
  });
  afterAll(() => server.close());

  test('says who is live and ready', async () => {
    expect(await (await get('/health/live')).json()).toEqual({
      status: 'live',
      service: 'order',
      version: '1.2.3',
      commit: 'c0ffee',
      instance: 'one',
    });
    const ready = await get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'ready', instance: 'one' }),
    ]);
  });

  test('live never looks at a part', async () => {
    register('database', () => false);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(503);
  });

  test('shows every policy to whoever has the token', async () => {
    createPolicy('health-spec', { timeoutMs: 100 });
    for (const authorization of ['', 'Bearer wrong', `Basic ${token}`]) {
      const refused = await get('/governance', { headers: { authorization } });
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
    const shown = await (await get('/governance', { headers: { authorization: `Bearer ${token}` } })).json();
    expect(shown).toMatchObject({
      service: 'order',
      contracts: expect.stringMatching(/^[0-9a-f]{12}$/),
      requestsInFlight: 0,
      policies: expect.arrayContaining([expect.objectContaining({ name: 'health-spec' })]),
    });
  });

  describe('the log level', () => {
    const lines: { level: string; msg: string }[] = [];
    beforeAll(() => {
      const destination = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) };
      createLogger({ service: 'order', instanceId: 'one', level: 'info', destination });
    });
    beforeEach(() => void lines.splice(0));
    afterEach(() => setLogLevel('info'));
    const change = (body: unknown, bearer = operatorToken) =>
      get('/governance/log-level', {
        method: 'PUT',
        headers: { authorization: `Bearer ${bearer}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });

    test('is changed by an operator, for every logger of the process', async () => {
      const log = getLogger('spec');
      log.debug('too quiet');
      const changed = await change({ level: 'debug', who: 'ada' });
      expect([changed.status, await changed.json()]).toEqual([200, { logLevel: 'debug' }]);
      log.debug('loud enough');
      expect(lines).toMatchObject([
        { level: 'warn', audit: 'PUT log-level', who: 'ada' },
        { level: 'warn', from: 'info', to: 'debug' },
        { level: 'debug', msg: 'loud enough' },
      ]);
      const shown = await get('/governance', { headers: { authorization: `Bearer ${operatorToken}` } });
      expect(await shown.json()).toMatchObject({ logLevel: 'debug' });
    });

    test('comes back by itself', async () => {
      const before = Date.now();
      const changed = (await (await change({ level: 'trace', forSeconds: 1, who: 'ada' })).json()) as {
        logLevelUntil: string;
      };
      expect(Date.parse(changed.logLevelUntil)).toBeGreaterThanOrEqual(before + 1_000);
      while (logLevel() === 'trace') await new Promise((resolve) => setTimeout(resolve, 20));
      expect(Date.now() - before).toBeGreaterThanOrEqual(995);
      expect(logLevel()).toBe('info');
    });

    test.each([
      ['a reader', token],
      ['nobody', 'wrong'],
    ])('is not changed by %s', async (_who, bearer) => {
      expect((await change({ level: 'trace', who: 'ada' }, bearer)).status).toBe(401);
      expect(logLevel()).toBe('info');
    });

    test('is not changed by anybody where there is no operator', async () => {
      const settings = loadSettings(hostSettings, { HTTP_PORT: '0', MANAGEMENT_PORT: '0' });
      const identity = { service: 'order', version: '1.2.3', commit: undefined, instanceId: 'two' };
      const open = await startManagementServer(identity, settings, host);
      const url = `http://127.0.0.1:${open.port}/governance/log-level`;
      const body = JSON.stringify({ level: 'trace', who: 'ada' });
      for (const authorization of ['', 'Bearer ', 'Bearer undefined'])
        expect((await fetch(url, { method: 'PUT', body, headers: { authorization } })).status).toBe(401);
      await open.close();
      expect(logLevel()).toBe('info');
    });

    test.each<[string, unknown, number]>([
      ['silent', { level: 'silent', who: 'ada' }, 422],
      ['without a name', { level: 'debug' }, 422],
      ['for ever and a day', { level: 'debug', who: 'ada', forSeconds: 90_000 }, 422],
      ['not JSON', '{', 400],
      ['too long', { level: 'debug', who: 'a'.repeat(5_000) }, 413],
    ])('%s is refused', async (_title, body, status) => {
      const refused = await change(body);
      expect([refused.status, refused.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
      expect(logLevel()).toBe('info');
    });

    test('is read where the rest of governance is', async () => {
      const refused = await get('/governance/log-level');
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'PUT']);
    });
  });

  describe('a route that the service contributes', () => {
    const lines: Record<string, unknown>[] = [];
    const called: unknown[] = [];
    const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
    const rotate = (body: unknown, headers: Record<string, string> = bearer(operatorToken)) =>
      get('/governance/spec/rotate', { method: 'POST', headers, body: JSON.stringify(body) });
    beforeAll(() => {
      const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
      createLogger({ service: 'order', instanceId: 'one', level: 'info', destination });
      host.governance.push(
        governanceRoute({
          method: 'GET',
          path: 'spec',
          input: z.strictObject({ limit: z.coerce.number().int().max(10).default(5) }),
          run: ({ limit }) => ({ limit }),
        }),
        governanceRoute({
          method: 'POST',
          path: 'spec/rotate',
          input: z.strictObject({ kid: z.string() }),
          run({ kid }, who) {
            called.push([kid, who]);
            if (kid === 'away') throw new Away('the database does not answer');
            if (kid === 'broken') throw new Error('connect 10.0.0.3 as admin');
            return kid === 'quiet' ? undefined : { kid };
          },
        }),
      );
    });
    beforeEach(() => void [lines, called].forEach((list) => list.splice(0)));
    afterAll(() => void host.governance.splice(0));

    test('reads for whoever may read, with the values of the query', async () => {
      for (const value of [token, operatorToken]) {
        const response = await get('/governance/spec?limit=7', { headers: bearer(value) });
        expect([response.status, await response.json()]).toEqual([200, { limit: 7 }]);
      }
      expect(await (await get('/governance/spec', { headers: bearer(token) })).json()).toEqual({ limit: 5 });
      expect((await get('/governance/spec', { headers: bearer('wrong') })).status).toBe(401);
      expect((await get('/governance/spec?limit=70', { headers: bearer(token) })).status).toBe(422);
    });

    test('changes for an operator who says who acts, and a log line says so', async () => {
      const response = await rotate({ kid: 'k1', who: 'ada' });
      expect([response.status, await response.json(), called]).toEqual([200, { kid: 'k1' }, [['k1', 'ada']]]);
      expect(lines).toMatchObject([{ level: 'warn', audit: 'POST spec/rotate', who: 'ada' }]);
      expect(await (await rotate({ kid: 'quiet', who: 'ada' })).json()).toEqual({});
    });

    test.each<[string, unknown, number, Record<string, string>]>([
      ['a reader', { kid: 'k1', who: 'ada' }, 401, bearer(token)],
      ['nobody', { kid: 'k1', who: 'ada' }, 401, {}],
      ['an operator without a name', { kid: 'k1' }, 422, bearer(operatorToken)],
      ['an operator whose name breaks a line', { kid: 'k1', who: 'ada\nlevel=info' }, 422, bearer(operatorToken)],
      ['an operator with a field too many', { kid: 'k1', who: 'ada', force: true }, 422, bearer(operatorToken)],
      ['an operator who sends null', null, 422, bearer(operatorToken)],
    ])('does nothing for %s', async (_title, body, status, headers) => {
      const refused = await rotate(body, headers);
      expect([refused.status, refused.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
      expect([called, lines]).toEqual([[], []]);
    });

    test('fails with a problem: its own error as it is, any other without its text', async () => {
      const away = await rotate({ kid: 'away', who: 'ada' });
      expect([away.status, await away.json()]).toEqual([503, expect.objectContaining({ remedy: 'Wait.' })]);
      const broken = await rotate({ kid: 'broken', who: 'ada' });
      expect([broken.status, await broken.text()]).toEqual([500, expect.not.stringContaining('10.0.0.3')]);
      expect(lines.at(-1)).toMatchObject({ level: 'error', route: 'POST spec/rotate' });
    });

    test('is listed, has its own methods, and is not there before the application', async () => {
      const { routes } = (await (await get('/governance', { headers: bearer(token) })).json()) as { routes: string[] };
      expect(routes).toEqual(['PUT /governance/log-level', 'GET /governance/spec', 'POST /governance/spec/rotate']);
      const wrong = await get('/governance/spec/rotate');
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
      expect((await get('/governance/nothing')).status).toBe(404);
      host.started = false;
      const early = await get('/governance/nothing');
      host.started = true;
      expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    });
  });

  test('answers anything else with a problem', async () => {
    const unknown = await get('/nothing');
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    const wrong = await get('/health/live', { method: 'POST' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test.each<[string, string, number, string]>([
    ['no Host', 'GET /health/live HTTP/1.1\r\n', 400, 'MALFORMED_REQUEST'],
    ['an unknown Expect', 'GET /health/live HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n', 417, 'EXPECTATION_FAILED'],
    ['an unknown method', 'BREW /health/live HTTP/1.1\r\nhost: x\r\n', 501, 'METHOD_NOT_IMPLEMENTED'],
    ['QUERY', 'QUERY /health/live HTTP/1.1\r\nhost: x\r\n', 405, 'METHOD_NOT_ALLOWED'],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n', 501, 'METHOD_NOT_IMPLEMENTED'],
    ['a long URI', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n`, 414, 'URI_TOO_LONG'],
    ['long headers', `GET / HTTP/1.1\r\nhost: x\r\na: ${'a'.repeat(70_000)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ])('%s: as on the other port', async (_title, head, status, code) =>
    expect(problemOf(await sendRaw(server.port, `${head}connection: close\r\n\r\n`))).toEqual([status, code]),
  );
});
