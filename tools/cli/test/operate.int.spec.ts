import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { consumers, durableName } from '@causeway/contracts';
import { migrationsOf } from '@causeway/launcher/schema';
import type { ServiceName } from '@causeway/system';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { AuditEntry } from '../src/audit.js';
import type { KnownInstance, LogSource } from '../src/target/target.js';
import { readDatabase } from '../src/target/read-database.js';
import { Scene, storeLetter } from './scene.js';

const instances: KnownInstance[] = [];
const logs: LogSource[] = [];
const databases = new Map<string, TestDatabase>();
const servers: Server[] = [];
let scene: Scene;

beforeAll(async () => {
  for (const service of ['order', 'payment', 'user', 'psp-sandbox'] as const)
    databases.set(service, await createDatabase((await migrationsOf(service)) as { migrations: [] }));
}, 120_000);
afterAll(async () => {
  for (const database of databases.values()) await database.drop();
});

beforeEach(async () => {
  scene = await Scene.create({
    instances: () => Promise.resolve(instances),
    logs: () => Promise.resolve(logs),
    databaseUrl: (service) => Promise.resolve(databases.get(service)?.url),
  });
});
afterEach(async () => {
  await scene.end();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  instances.length = 0;
  logs.length = 0;
});

const sql = async (service: ServiceName, text: string, values: unknown[] = []): Promise<void> =>
  void (await databases.get(service)!.pool.query(text, values));

const token = 'o'.repeat(20);
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const keys = [
  { kid: 'k1', state: 'signing', publishedAt: inMs(-91 * 86_400_000), signsFrom: inMs(-90 * 86_400_000) },
  { kid: 'k2', state: 'published', publishedAt: inMs(0), signsFrom: inMs(86_400_000) },
];
interface StubState {
  version?: string;
  commit?: string;
  status?: string;
  parts?: object;
  policies?: object[];
  contracts?: string;
  metrics?: string;
}

/** The management port of an instance, as far as a command looks at it. */
async function instance(
  service: ServiceName,
  number: number,
  {
    version = '1.0.0',
    commit = 'aaaaaaaa',
    status = 'ready',
    parts = {},
    policies = [],
    contracts,
    metrics = '',
  }: StubState = {},
): Promise<{ requests: { method?: string; url?: string; body: string }[] }> {
  const requests: { method?: string; url?: string; body: string }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      requests.push({ method: request.method, url: request.url, body });
      if (request.url === '/metrics') return response.end(metrics);
      if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end('{}');
      const about = { version, commit, parts, status };
      if (request.url === '/health/ready')
        return response.writeHead(status === 'ready' ? 200 : 503).end(JSON.stringify(about));
      if (request.url?.startsWith('/governance/keys')) return response.end(JSON.stringify({ keys }));
      if (request.url?.startsWith('/governance/field-keys')) {
        const run = requests.filter(({ method }) => method === 'POST').length > 0;
        const versions = run ? { v2: 5 } : { v1: 3, v2: 2 };
        const status = { current: 'v2', columns: [{ column: 'users.email_sealed', versions }], outdated: run ? 0 : 3 };
        return response.end(JSON.stringify({ ...status, ...(run && { run: { state: 'done', failed: 0 } }) }));
      }
      if (request.url === '/governance/log-level') return response.end(JSON.stringify({ logLevel: 'debug' }));
      return response.end(
        JSON.stringify({ ...about, contracts, uptimeSeconds: 90, requestsInFlight: 3, policies, admissions: [] }),
      );
    })();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  instances.push({ service, id: `${service}-${number}`, managementUrl: `http://127.0.0.1:${port}`, token });
  return { requests };
}

/** Replies to pings as a service does that others may find. */
async function announce(service: string, id: string): Promise<void> {
  const nc = await scene.as(service);
  const callback = (_error: unknown, message: { respond(data: string): void }): void =>
    void message.respond(JSON.stringify({ name: service, id, version: '1.0.0', metadata: { commit: 'aaaaaaaa' } }));
  nc.subscribe('$SRV.PING', { callback });
  await nc.flush();
}

describe('outbox', () => {
  const envelope = (id: string) =>
    JSON.stringify({
      id,
      type: 'order.evt.placed.v1',
      subject: 'o1',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
  afterEach(() => sql('order', 'TRUNCATE causeway.outbox'));

  test('says what is unsent, since when, and why publishing failed last', async () => {
    await sql('order', 'SELECT causeway.add_outbox($1)', [envelope('01a21f4e-0000-7000-8000-000000000001')]);
    await sql('order', "UPDATE causeway.outbox SET created_at = now() - interval '5 minutes'");
    const line = (time: string, reason: string): string =>
      JSON.stringify({
        level: 'warn',
        time,
        scope: 'outbox',
        service: 'order',
        msg: 'publishing a message failed',
        reason,
      });
    logs.push({
      service: 'order',
      instance: 'order-1',
      async *lines() {
        yield line('2026-01-02T00:00:00.000Z', 'the newer');
        yield line('2026-01-01T00:00:00.000Z', 'the older');
        yield 'not json "scope":"outbox"';
      },
    });
    const { code, out } = await scene.run('outbox');
    expect(code).toBe(0);
    expect(out).toMatch(/order +1 +5 min ago +order\.evt\.placed\.v1 +publishing a message failed: the newer/);
    expect(out).toMatch(/payment +0$/m);
  });

  test('a database that is away is shown, hides no other, and is exit code 1', async () => {
    const own = databases.get('payment')!;
    databases.set('payment', { ...own, url: 'postgres://x:y@127.0.0.1:1/payment' });
    const { code, out } = await scene.run('outbox', '--json');
    databases.set('payment', own);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([
      { service: 'user', subjects: [] },
      { service: 'order', subjects: [] },
      { service: 'payment', unreadable: expect.stringContaining('cannot be reached') },
    ]);
  });
});

test('a command that looks cannot change a database', async () => {
  const { url } = databases.get('order')!;
  const write = readDatabase(url, (query) => query('DELETE FROM causeway.inbox'));
  await expect(write).rejects.toThrow(/read-only transaction/);
});

describe('order', () => {
  const [orderId, paymentId, customerId] = [1, 2, 3].map((n) => `01a21f4e-0000-7000-8000-00000000000${n}`);

  test('an order that is stuck: what is open, what is missing, and its past with what caused it', async () => {
    await sql(
      'order',
      `INSERT INTO orders (id, customer_id, payment_id, status, step, stock_held, currency, total_minor, address_sealed,
                           card_token_sealed, version, placed_at, updated_at)
       VALUES ($1, $2, $3, 'AUTHORIZED', 'capture', true, 'EUR', 1990, '', '', 2, now() - interval '1 minute', now())`,
      [orderId, customerId, paymentId],
    );
    await sql(
      'order',
      `INSERT INTO order_events (order_id, version, status, step, occurred_at, cause, cause_name, cause_id, trace_id)
       VALUES ($1, 2, 'AUTHORIZED', 'capture', now(), 'message', 'payment.evt.authorized.v1', 'm1', $2)`,
      [orderId, 'a'.repeat(32)],
    );
    const message = { id: '01a21f4e-0000-7000-8000-00000000000a', type: 'payment.cmd.capture.v1', subject: paymentId };
    await sql('order', 'SELECT causeway.add_outbox($1)', [JSON.stringify(message)]);
    await storeLetter(await scene.as('order'), { messageId: 'm9', payload: JSON.stringify({ orderId }) });

    const { code, out } = await scene.run('order', paymentId!);
    expect(code).toBe(0);
    expect(out).toContain('the saga waits for capture; NO TIMER drives it');
    expect(out).toContain('order has not published payment.cmd.capture.v1 since');
    expect(out).toContain('dead letter 1: npx causeway dlq show 1');
    expect(out).toContain('payment  none yet');
    expect(out).toContain(
      'becomes AUTHORIZED (version 2), waits for capture, because of the message payment.evt.authorized.v1 m1',
    );
    expect(out).not.toContain('became');
    expect(out).toContain(`npx causeway trace ${'a'.repeat(32)}`);
    await sql('order', 'TRUNCATE causeway.outbox');
  });

  test('orders that wait are listed, the longest wait first, and doctor finds those that wait too long', async () => {
    expect((await scene.run('orders')).out).toBe('no order waits'); // the one above has no timer
    await sql('order', 'INSERT INTO saga_timers (order_id, due_at, attempts) VALUES ($1, now(), 3)', [orderId]);
    const waiting = (await scene.run('orders', '--json')).json<object[]>();
    expect(waiting).toMatchObject([{ id: orderId, step: 'capture', attempts: 3 }]);
    expect((await scene.run('orders', '--waiting', '1h')).out).toBe('no order waits');
    const checks = async () => (await scene.run('doctor', '--json')).json<{ name: string; ok: boolean }[]>();
    expect((await checks()).find(({ name }) => name === 'open orders')).toMatchObject({ ok: true });
    await sql('order', "UPDATE orders SET updated_at = now() - interval '61 seconds'");
    expect((await checks()).find(({ name }) => name === 'open orders')).toMatchObject({ ok: false });
    await sql('order', 'DELETE FROM saga_timers');
  });

  test('a charge that the provider made twice is open', async () => {
    const charge = (id: string) =>
      sql(
        'psp-sandbox',
        `WITH c AS (INSERT INTO charges (id, reference, status, amount_minor, currency)
                    VALUES ($1, $2, 'authorized', 1990, 'EUR') RETURNING id)
         INSERT INTO ledger_entries (charge_id, reference, type, amount_minor, currency)
         SELECT id, $2, 'authorize', 1990, 'EUR' FROM c`,
        [id, paymentId],
      );
    await charge('ch_1');
    expect((await scene.run('order', orderId!)).out).not.toContain('charges for one payment');
    await charge('ch_2');
    expect((await scene.run('order', orderId!)).out).toContain('the provider has authorized 2 charges for one payment');
  });
});

describe('consumers', () => {
  const [definition] = consumers;
  const name = durableName(definition!);
  const rowOf = async (): Promise<Record<string, unknown>> =>
    (await scene.run('consumers', '--json'))
      .json<{ consumers: Record<string, unknown>[] }>()
      .consumers.find(({ consumer }) => consumer === name)!;

  test('counts what waits, what is being handled, what came again, and what the broker gave up', async () => {
    const [sender, owner] = [await scene.as('order'), await scene.as('payment')];
    for (let index = 0; index < 3; index += 1) await jetstream(sender).publish(definition!.message.subject, '{}');
    const consumer = await jetstream(owner).consumers.get('PAYMENT', name);
    const first = (await consumer.next({ expires: 2_000 }))!;
    expect(await rowOf()).toMatchObject({ pending: 2, ackPending: 1, redelivered: 0, gaveUp: 0, terminated: 0 });
    first.nak();
    // Three of them, and the broker decides in which order.
    const [again] = [await consumer.next(), await consumer.next(), await consumer.next()];
    expect(await rowOf()).toMatchObject({ pending: 0, ackPending: 3, redelivered: 1 });
    again!.term();
    await owner.flush();
    expect(await rowOf()).toMatchObject({ ackPending: 2, terminated: 1 });
  });

  test('a consumer that is missing, or that nobody pulls from, is exit code 1', async () => {
    const jsm = await jetstreamManager(await scene.as('provisioner'));
    expect(await rowOf()).toMatchObject({ problems: ['nobody pulls'] });
    await jsm.consumers.delete('PAYMENT', name);
    const { code, out } = await scene.run('consumers');
    expect([code, out]).toEqual([1, expect.stringContaining(`missing: ${name}`)]);
  });
});

describe('services', () => {
  test('instances of one service that are different builds are marked, those of others are not', async () => {
    await instance('order', 1);
    await instance('order', 2, { commit: 'bbbbbbbb' });
    await instance('payment', 1, { commit: 'cccccccc' });
    for (const id of ['order-1', 'order-2']) await announce('order', id);
    await announce('payment', 'payment-1');
    const { code, json } = await scene.run('services', '--json');
    expect(code).toBe(1);
    expect(json()).toMatchObject([
      { instance: 'order-1', problems: ['drift: others run 1.0.0 bbbbbbbb'], requestsInFlight: 3 },
      { instance: 'order-2', problems: ['drift: others run 1.0.0 aaaaaaaa'] },
      { instance: 'payment-1', problems: [] },
    ]);
  });

  test('marks instances whose contracts differ, and shows how long they take', async () => {
    const metrics = [
      ['0.1', 50],
      ['1', 100],
      ['+Inf', 100],
    ]
      .map(([bound, count]) => `http_server_request_duration_bucket{http_route="/v1/orders",le="${bound}"} ${count}`)
      .join('\n');
    await instance('order', 1, { contracts: 'cafe', metrics });
    await instance('order', 2, { contracts: 'beef' });
    for (const id of ['order-1', 'order-2']) await announce('order', id);
    const { json } = await scene.run('services', '--json');
    const [first, second] = json<{ p50Ms?: number; p99Ms?: number; problems: string[] }[]>();
    expect([first?.p50Ms, first?.p99Ms]).toEqual([expect.closeTo(100), expect.closeTo(982)]);
    expect(first?.problems).toEqual(['drift: others run 1.0.0 aaaaaaaa contracts beef']);
    expect([second?.p50Ms, second?.problems]).toEqual([undefined, ['drift: others run 1.0.0 aaaaaaaa contracts cafe']]);
  });

  test('says which part is down, which breaker is open, who is silent, lost or unknown', async () => {
    await instance('payment', 1, {
      status: 'unavailable',
      parts: { database: { ok: false, ms: 1_000, detail: 'the database does not answer' } },
      policies: [{ name: 'psp', breaker: { state: 'open', calls: 20, failures: 20 }, outcomes: { success: 1 } }],
    });
    await instance('order', 1);
    instances.push({ service: 'user', id: 'user-1', managementUrl: 'http://127.0.0.1:1', token });
    await announce('payment', 'payment-1');
    await announce('payment', 'payment-9');
    const rows = (await scene.run('services', '--json')).json<{ instance: string; problems: string[] }[]>();
    expect(Object.fromEntries(rows.map(({ instance: id, problems }) => [id, problems]))).toEqual({
      'payment-1': ['unavailable', 'database: the database does not answer', 'circuit breaker psp is open'],
      'order-1': ['it does not announce itself through NATS'],
      'user-1': ['no response from http://127.0.0.1:1'],
      'payment-9': ['it announces itself, but is not one of the known processes'],
    });
    expect((await scene.run('services', 'nonsense')).code).toBe(2);
    expect((await scene.run('services', 'payment')).out).toMatch(/psp +open +20 +20/);
  });
});

describe('crypto rotate', () => {
  test('counts what needs an older key, and encrypts it again in one instance of each service', async () => {
    const [first, second] = [await instance('user', 1), await instance('user', 2)];
    const counted = await scene.run('crypto', 'rotate', '--service', 'user', '--dry-run');
    expect([counted.code, counted.out]).toEqual([
      1,
      expect.stringMatching(/users.email_sealed +2 +3 of v1[^]*keep it/),
    ]);
    expect(first.requests.map(({ method }) => method)).toEqual(['GET']);
    const done = await scene.run('crypto', 'rotate', '--service', 'user', '--as', 'ada', '--reason', 'yearly');
    expect([done.code, done.out]).toEqual([0, expect.stringContaining('Nothing needs an older key')]);
    expect(first.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
    expect(second.requests).toEqual([]);
    const trail = (await scene.run('audit', '--json')).json<AuditEntry[]>();
    expect(trail.slice(-2)).toMatchObject([
      { action: 'crypto.rotate', who: 'ada', reason: 'yearly', phase: 'begun', details: { services: ['user'] } },
      { phase: 'done' },
    ]);
  });
});

describe('log-level', () => {
  test('goes to every instance of the service, with who and for how long, and into the trail', async () => {
    const stubs = [await instance('payment', 1), await instance('payment', 2), await instance('order', 1)];
    const args = ['log-level', 'payment', 'debug', '--for', '2m', '--as', 'ada', '--reason', 'slow refunds'];
    expect((await scene.run(...args)).code).toBe(0);
    const body = JSON.stringify({ level: 'debug', forSeconds: 120, who: 'ada' });
    const expected = [{ method: 'PUT', url: '/governance/log-level', body }];
    expect(stubs.map(({ requests }) => requests)).toEqual([expected, expected, []]);
    const trail = (await scene.run('audit', '--json')).json<AuditEntry[]>();
    expect(trail).toMatchObject([
      { action: 'log-level', who: 'ada', reason: 'slow refunds', phase: 'begun', details: { level: 'debug' } },
      { phase: 'done' },
    ]);
  });

  test('an instance that refuses or does not respond is exit code 1', async () => {
    await instance('payment', 1);
    instances[0] = { ...instances[0]!, token: 'wrong' };
    instances.push({ service: 'payment', id: 'payment-2', managementUrl: 'http://127.0.0.1:1', token });
    const { code, err } = await scene.run('log-level', 'payment', 'debug');
    expect([code, err]).toEqual([1, expect.stringMatching(/payment-1: 401.*; payment-2: no response/)]);
    // No instance did it, so the trail must not say that it is done.
    const trail = (await scene.run('audit', '--json')).json<AuditEntry[]>();
    expect(trail.slice(-2).map(({ phase }) => phase)).toEqual(['begun', 'failed']);

    instances[0] = { ...instances[0]!, token };
    const half = await scene.run('log-level', 'payment', 'debug');
    expect([half.code, half.out]).toEqual([1, expect.stringMatching(/payment-1 +debug[^]*payment-2 +no response/)]);
    expect((await scene.run('log-level', 'payment', 'silent')).code).toBe(2);
    for (const time of ['0s', '25h'])
      expect((await scene.run('log-level', 'payment', 'debug', '--for', time)).code).toBe(2);
  });
});

describe('keys', () => {
  test('list shows what the service says', async () => {
    await instance('user', 1);
    const { code, out } = await scene.run('keys', 'list');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/k1 +signing +9\d d ago[^]*k2 +published +\d+ s ago +in 23 h/),
    ]);
  });

  test('rotate and retire --yes go to one instance, with who and why, and into the trail', async () => {
    const stubs = [await instance('user', 1), await instance('user', 2)];
    const as = ['--as', 'ada'];
    const rotated = await scene.run('keys', 'rotate', '--reason', 'yearly', ...as);
    expect([rotated.code, rotated.out]).toEqual([0, expect.stringMatching(/k2 signs in 23 h/)]);
    expect((await scene.run('keys', 'retire', 'k1', '--yes', '--reason', 'stolen', ...as)).code).toBe(0);
    expect(stubs.map(({ requests }) => requests)).toEqual([
      [
        { method: 'POST', url: '/governance/keys/rotate', body: JSON.stringify({ who: 'ada' }) },
        { method: 'POST', url: '/governance/keys/retire', body: JSON.stringify({ kid: 'k1', who: 'ada' }) },
      ],
      [],
    ]);
    const trail = (await scene.run('audit', '--json')).json<AuditEntry[]>();
    expect(trail).toMatchObject([
      { action: 'keys.rotate', who: 'ada', reason: 'yearly', phase: 'begun' },
      { phase: 'done' },
      { action: 'keys.retire', reason: 'stolen', phase: 'begun', details: { kid: 'k1' } },
      { phase: 'done' },
    ]);
  });

  test('retire without --yes says what follows and changes nothing', async () => {
    const { requests } = await instance('user', 1);
    const asked = await scene.run('keys', 'retire', 'k1', '--reason', 'stolen');
    expect([asked.code, asked.out]).toEqual([0, expect.stringMatching(/another key takes over[^]*add --yes/)]);
    expect((await scene.run('keys', 'retire', 'k9', '--reason', 'stolen')).code).toBe(1);
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('a refusal is exit code 1, with what the service says, and in the trail', async () => {
    await instance('user', 1);
    instances[0] = { ...instances[0]!, token: 'wrong' };
    expect(await scene.run('keys', 'rotate')).toMatchObject({ code: 1, err: expect.stringContaining('user-1: 401') });
    const trail = (await scene.run('audit', '--json')).json<AuditEntry[]>();
    expect(trail.map(({ phase }) => phase)).toEqual(['begun', 'failed']);
  });

  test('an instance that is away is passed over', async () => {
    const { requests } = await instance('user', 2);
    instances.unshift({ service: 'user', id: 'user-1', managementUrl: 'http://127.0.0.1:1', token });
    expect((await scene.run('keys', 'rotate')).code).toBe(0);
    expect(requests).toHaveLength(1);
  });
});

describe('logs', () => {
  const line = (time: string, level: string, msg: string, more: object = {}): string =>
    JSON.stringify({ level, time: `2026-01-01T00:00:0${time}.000Z`, scope: 's', msg, ...more });
  const source = (service: string, ...lines: string[]): LogSource => ({
    service,
    instance: `${service}-1`,
    async *lines() {
      yield* lines;
    },
  });

  beforeEach(() =>
    logs.push(
      source(
        'order',
        line('1', 'info', 'first'),
        'garbage',
        line('3', 'error', 'third', { trace_id: 'abc0'.repeat(8) }),
      ),
      source(
        'payment',
        line('2', 'debug', 'second'),
        line('4', 'warn', 'fourth \u001b[2J', { err: { message: 'boom' } }),
      ),
    ),
  );

  test.each<[string[], string[]]>([
    [[], ['first', 'third', 'fourth']],
    [
      ['--level', 'trace'],
      ['first', 'second', 'third', 'fourth'],
    ],
    [['--level', 'error'], ['third']],
    [['--service', 'payment'], ['fourth']],
    [
      ['--service', 'order-1'],
      ['first', 'third'],
    ],
    [['--trace', 'ABC0'.repeat(8)], ['third']],
    [['--trace', `00-${'abc0'.repeat(8)}-${'1'.repeat(16)}-01`], ['third']],
    [['--grep', 'boom'], ['fourth']],
    [['--limit', '1'], ['fourth']],
    [['--since', '1h'], []],
  ])('%j: the lines of all instances in the order of time', async (args, expected) => {
    const { out } = await scene.run('logs', '--json', ...args);
    const shown = out.split('\n').filter(Boolean);
    expect(shown.map((text) => (JSON.parse(text) as { msg: string }).msg.split(' ')[0])).toEqual(expected);
  });

  const follow = async (first: string[], later: string[]): Promise<string[]> => {
    logs.length = 0;
    logs.push({
      service: 'order',
      instance: 'order-1',
      async *lines({ follow: all }) {
        yield* all ? later : first;
      },
    });
    const { out } = await scene.run('logs', '--json', '--follow');
    return out.split('\n').map((text) => (JSON.parse(text) as { msg: string }).msg);
  };

  test('--follow shows each line once, though several have the same millisecond', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((msg) => line('1', 'info', msg)) as [string, string, string];
    expect(await follow([one], [one, two, three])).toEqual(['one', 'two', 'three']);
    expect(await follow([one, two.slice(0, 20)], [one, two, three])).toEqual(['one', 'two', 'three']);
    expect(await follow([], [one, two])).toEqual(['one', 'two']);
  });

  test('--follow shows the lines of a log that was rotated meanwhile', async () => {
    const old = ['a', 'b', 'c'].map((msg) => line('1', 'info', msg));
    expect(await follow(old, [line('2', 'info', 'd')])).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a service that has no log is a mistake, not silence', async () => {
    const { code, err } = await scene.run('logs', '--service', 'nonsense');
    expect([code, err]).toEqual([1, expect.stringContaining('There are logs of order, order-1, payment, payment-1.')]);
  });

  test('what a line holds cannot drive the terminal', async () => {
    const { out } = await scene.run('logs');
    expect(out).not.toContain('\u001b');
    expect(out).toContain('error=boom');
  });
});

describe('doctor', () => {
  test('finds a missing consumer, a migration that is not applied, and a message that is stuck', async () => {
    const jsm = await jetstreamManager(await scene.as('provisioner'));
    expect((await scene.run('doctor')).code).toBe(0);
    await jsm.consumers.delete('PAYMENT', durableName(consumers[0]!));
    await sql('user', "CREATE TABLE saved AS SELECT * FROM causeway.migrations WHERE set_name = 'messaging'");
    await sql('user', "DELETE FROM causeway.migrations WHERE set_name = 'messaging'");
    await sql(
      'order',
      `INSERT INTO causeway.outbox (id, aggregate_type, aggregate_id, subject, envelope, created_at)
       VALUES (gen_random_uuid(), 'order', 'o', 'order.evt.placed.v1', '{}', now() - interval '1 hour')`,
    );
    const { code, json } = await scene.run('doctor', '--json');
    await sql('order', 'TRUNCATE causeway.outbox');
    await sql('user', 'INSERT INTO causeway.migrations SELECT * FROM saved');
    expect(code).toBe(1);
    const wrong = json<{ name: string; ok: boolean; detail: string }[]>().filter(({ ok }) => !ok);
    expect(wrong).toMatchObject([
      { name: 'topology', detail: 'missing consumer payment__payment-cmd-authorize-v2' },
      { name: 'migrations of user', detail: expect.stringContaining('messaging/') },
      { name: 'outbox of order', detail: expect.stringContaining('1 unsent') },
    ]);
  });

  test('a broker that is away is found, and hides nothing else', async () => {
    await scene.nats.halt();
    const rows = (await scene.run('doctor', '--json')).json<{ name: string; ok: boolean; detail: string }[]>();
    expect(rows.find(({ name }) => name === 'nats-server')).toMatchObject({ ok: false });
    expect(rows.find(({ name }) => name === 'database of order')).toMatchObject({ ok: true });
    await scene.nats.restart();
  });
});
