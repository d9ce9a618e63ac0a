import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, durableName, streams } from '@causeway/contracts';
import { Shopper } from '@causeway/demo-client';
import { startSystem, type System } from '@causeway/launcher';
import { databaseSetting, services } from '@causeway/system';
import { provision } from '@causeway/messaging';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { hasOpenssl, withOpenssl } from '@causeway/testkit';
import { addressOf, readDatabase } from '../src/target/read-database.js';

// The executable, against a whole system of real processes. Needs the build.
const causeway = join(import.meta.dirname, '../causeway.mjs');
let folder: string;
let system: System;
let customer: Shopper;
let orderId: string;
let traceId: string;
let addressId: string;

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'causeway-cli-')), '.causeway');
  // A slow machine is no fault of the system.
  const patience = { REQUEST_DEADLINE_MS: '30000' };
  const env = { gateway: patience, user: patience, order: patience, payment: patience };
  system = await startSystem({ folder, ports: 'any', durable: false, instances: { payment: 2 }, env, tls: hasOpenssl });
  customer = await Shopper.create(system.endpoints);
  addressId = (await customer.addAddress()).id;
  const [product] = await customer.products();
  const items = [{ productId: product!.id, quantity: 1 }];
  const accepted = await customer.placeOrder({
    items,
    shippingAddressId: addressId,
    paymentMethodToken: 'tok_success',
  });
  ({ traceId } = accepted);
  orderId = accepted.body.id;
  await customer.waitFor(orderId, ['CONFIRMED']);
}, 240_000);
afterAll(async () => {
  await system?.stop();
  rmSync(join(folder, '..'), { recursive: true, force: true });
}, 120_000);

interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** In the folder above `.causeway`: it must be found without being named. */
const run = (...args: readonly string[]): Promise<CommandEnd> => runWith({}, ...args);

function runWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CommandEnd> {
  const child = spawn(process.execPath, [causeway, ...args], {
    cwd: join(folder, '..'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said.err += data.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })));
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { out, err } = await run(...args, '--json');
  if (out === '') throw new Error(err);
  return JSON.parse(out) as T;
}

async function as<T>(user: string, work: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const options = {
    ...{ user, pass: system.secrets.nats[user], inboxPrefix: `_INBOX_${user}.test`, reconnect: false },
    tls: system.trust?.nats,
  };
  const nc = await connect({ servers: system.urls.nats, ...options });
  return work(nc).finally(() => nc.close());
}

async function eventually<T>(read: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (const limitAt = Date.now() + 60_000; ; await sleep(200)) {
    const value = await read();
    if (isSo(value) || Date.now() > limitAt) return value;
  }
}

/** Waits until doctor finds nothing (any more); what it finds otherwise is in the message. */
async function expectHealthy(): Promise<void> {
  const { code, out } = await eventually(
    () => run('doctor'),
    (end) => end.code === 0,
  );
  expect([code, out]).toEqual([0, expect.any(String)]);
}

const letters = (): Promise<{ sequence: number; messageId: string; code: string }[]> => json('dlq', 'list');

test('a healthy system: doctor finds nothing, and every instance is shown', async () => {
  const doctor = await run('doctor');
  expect([doctor.code, doctor.out]).toEqual([0, expect.stringContaining('everything is as it should be')]);
  const rows = await json<{ instance: string; status: string; problems: string[] }[]>('services');
  expect(rows.map(({ instance, status, problems }) => [instance, status, problems])).toEqual(
    ['gateway-1', 'user-1', 'order-1', 'payment-1', 'payment-2', 'psp-sandbox-1'].map((id) => [id, 'ready', []]),
  );
  for (const args of [['outbox'], ['consumers'], ['services'], ['dlq', 'stats']])
    expect([args, (await run(...args)).code]).toEqual([args, 0]);
});

test('the story of an order: saga, payment, provider and messages in one timeline, and the trace that leads on', async () => {
  const { code, out } = await run('order', orderId);
  expect(code).toBe(0);
  const steps = [
    'is placed, waits for authorize, because of the request ',
    'sends payment.cmd.authorize.v2: published',
    'has handled payment.cmd.authorize.v2',
    'provider  authorize',
    'has handled payment.evt.authorized.v1',
    'provider  capture',
    'has handled payment.evt.captured.v1',
    'becomes CONFIRMED (version 3), because of the message payment.evt.captured.v1 ',
  ];
  expect(steps.map((step) => out.indexOf(step)).filter((at) => at < 0)).toEqual([]);
  const story = await json<{ now: string[]; open: string[]; traces: string[]; events: { at: string }[] }>(
    'order',
    orderId,
  );
  expect(story.now.join('\n')).toMatch(/CONFIRMED[^]*CAPTURED[^]*provider captured/);
  expect(story).toMatchObject({ open: [], traces: [traceId] });
  expect(story.events.map(({ at }) => at)).toEqual(story.events.map(({ at }) => at).sort());

  const trace = await eventually(
    () => run('trace', traceId),
    ({ out: text }) => text.includes('in 5 services'),
  );
  expect(trace.out).toContain('process payment.evt.captured.v1');
  const lines = await run('logs', '--trace', traceId, '--service', 'psp-sandbox');
  expect(lines.out).toMatch(/psp-sandbox-1 .*POST.*\/v1\/charges/);
});

test('a poison message is found, explained, replayed in vain and discarded', async () => {
  const id = 'poison-1';
  await as('order', (nc) => jetstream(nc).publish('payment.cmd.authorize.v2', JSON.stringify({ id }), { msgID: id }));
  const [letter] = await eventually(letters, (found) => found.length > 0);
  expect(letter).toMatchObject({ code: 'MESSAGE_INVALID', consumer: 'payment__payment-cmd-authorize-v2' });
  expect((await run('doctor')).code).toBe(1);
  expect((await run('dlq', 'show', String(letter!.sequence))).out).toContain('invalid');

  expect((await run('dlq', 'replay', String(letter!.sequence))).out).toContain('nothing was changed');
  expect((await run('dlq', 'replay', '--all', '--yes', '--reason', 'hope')).code).toBe(0);
  const [again] = await eventually(letters, (found) => found.length > 0);
  expect(again!.sequence).toBeGreaterThan(letter!.sequence);

  expect((await run('dlq', 'discard', '--all', '--reason', 'not ours', '--yes')).code).toBe(0);
  expect(await letters()).toEqual([]);
  const trail = await json<{ action: string; phase: string; who: string; reason: string }[]>(
    'audit',
    '--service',
    'operator',
  );
  expect(trail.map(({ action, phase, reason }) => [action, phase, reason])).toEqual([
    ['dlq.replay', 'begun', 'hope'],
    ['dlq.replay', 'done', 'hope'],
    ['dlq.discard', 'begun', 'not ours'],
    ['dlq.discard', 'done', 'not ours'],
  ]);
  expect(new Set(trail.map(({ who }) => who))).toEqual(new Set([expect.stringContaining('@')]));
});

withOpenssl('over TLS', () => {
  /** What a container beside the others is told. */
  const inside = (): Record<string, string> => ({
    NATS_URL: system.urls.nats,
    NATS_PASSWORD: system.secrets.nats['operator']!,
    NATS_CA: system.trust!.nats.ca,
    DATABASE_CA: system.trust!.postgres.ca,
    OPERATOR_TOKEN: system.secrets.operatorToken,
    ...Object.fromEntries(
      services.flatMap(({ name, database }) =>
        database === undefined ? [] : [[databaseSetting(database), system.databaseUrl(name)]],
      ),
    ),
  });

  test('every session with the database is encrypted, and the broker takes no client that trusts nobody', async () => {
    const { postgres, trust, urls } = system;
    const sessions = await readDatabase({ url: postgres.url(), trust: trust!.postgres }, (query) =>
      query<{ role: string; encrypted: boolean }>(
        `SELECT usename AS role, bool_and(ssl) AS encrypted FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
          WHERE backend_type = 'client backend' GROUP BY usename`,
      ),
    );
    expect(sessions.map(({ role }) => role)).toEqual(expect.arrayContaining(['user', 'order', 'payment']));
    expect(sessions.filter(({ encrypted }) => !encrypted)).toEqual([]);
    await expect(connect({ servers: urls.nats, reconnect: false })).rejects.toThrow(/certificate/);
  });

  test('inside, with the authorities in the environment, commands reach both servers; with others they say so', async () => {
    expect((await runWith(inside(), '--inside', 'consumers')).out).toContain('payment__payment-cmd-authorize-v2');
    expect((await runWith(inside(), '--inside', 'order', orderId)).out).toContain('CONFIRMED');
    const { postgres, nats } = system.trust!;
    const wrong = { ...inside(), NATS_CA: postgres.ca, DATABASE_CA: nats.ca };
    for (const command of [['consumers'], ['orders']]) {
      const { code, err } = await runWith(wrong, '--inside', ...command);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/^error: .* cannot be trusted: .*\((SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)\w+\)/),
      ]);
    }
  });
});

test('a replay of a message that was handled charges nobody twice', async () => {
  const subject = 'payment.cmd.authorize.v2';
  const rows = await readDatabase(addressOf(system.databaseUrl('order'), system.trust?.postgres), (query) =>
    query<{ id: string; envelope: object; traceparent: string }>(
      'SELECT id, envelope, traceparent FROM causeway.outbox WHERE subject = $1',
      [subject],
    ),
  );
  const { id, envelope, traceparent } = rows[0]!;
  const carried = headers();
  const values = {
    'Causeway-Dlq-Subject': subject,
    'Causeway-Dlq-Message-Id': id,
    'Causeway-Dlq-At': new Date().toISOString(),
  };
  for (const [name, value] of Object.entries({ ...values, traceparent })) carried.set(name, value);
  await as('payment', (nc) =>
    jetstream(nc).publish('dlq.payment__payment-cmd-authorize-v2', JSON.stringify(envelope), { headers: carried }),
  );
  const spansBefore = system.trace(traceId).length;
  expect((await run('dlq', 'replay', '--about', orderId, '--yes')).code).toBe(0);
  // It was delivered once more, in the trace of the order, with the action that sent it.
  const spans = await eventually(
    () => Promise.resolve(system.trace(traceId)),
    ({ length }) => length > spansBefore,
  );
  const replayed = spans.filter(({ attributes }) => attributes['causeway.replay.id'] !== undefined);
  expect(replayed).toMatchObject([{ name: `process ${subject}`, service: 'payment', failed: false }]);
  expect(await letters()).toEqual([]);
  const story = await json<{ events: { by: string; what: string }[]; open: string[] }>('order', orderId);
  expect(story.events.filter(({ by }) => by === 'provider')).toHaveLength(2); // authorize, capture
  expect(story.open).toEqual([]);
});

test('a key is published, waits, and the rotation is taken back; who did it is in both trails', async () => {
  const states = (keys: readonly { state: string }[]): string[] => keys.map(({ state }) => state);
  expect(states(await json('keys', 'list'))).toEqual(['signing']);
  const rotated = await json<{ kid: string; state: string }[]>('keys', 'rotate', '--as', 'ada');
  expect(states(rotated)).toEqual(['signing', 'published']);
  const again = await run('keys', 'rotate');
  expect([again.code, again.err]).toEqual([1, expect.stringMatching(/409 .* signs from/)]);
  const retired = await json<{ state: string }[]>('keys', 'retire', rotated[1]!.kid, '--reason', 'a test', '--yes');
  expect(states(retired)).toEqual(['signing']);
  const events = await json<{ type?: string; actor?: string }[]>('audit', '--type', 'key', '--service', 'user');
  expect(events).toMatchObject([{ type: 'key.rotated', actor: 'ada' }, { type: 'key.retired' }]);
});

test('the log level changes on every instance, shows up, and comes back', async () => {
  const { code } = await run('log-level', 'payment', 'debug', '--for', '2s');
  expect(code).toBe(0);
  const levels = async (): Promise<(string | undefined)[]> =>
    (await json<{ logLevel?: string }[]>('services', 'payment')).map(({ logLevel }) => logLevel);
  expect(await eventually(levels, (found) => found.every((level) => level === 'info'))).toEqual(['info', 'info']);
  const lines = await run('logs', '--service', 'payment', '--level', 'warn', '--grep', 'log level');
  expect(lines.out.match(/log level changes/g)).toHaveLength(2);
  expect(lines.out.match(/that of the settings again/g)).toHaveLength(2);
});

async function place(): Promise<string> {
  const [product] = await customer.products();
  const items = [{ productId: product!.id, quantity: 1 }];
  const order = { items, shippingAddressId: addressId, paymentMethodToken: 'tok_success' };
  return (await customer.placeOrder(order)).body.id;
}
const waiting = async (): Promise<string[]> => (await json<{ id: string }[]>('orders')).map(({ id }) => id);

test('a role is granted, listed and taken away, and the trail that can only grow holds no e-mail address', async () => {
  const granted = await run('roles', 'grant', customer.email, 'support', '--reason', 'helps out');
  expect([granted.code, granted.out]).toEqual([0, expect.stringMatching(/was customer and is support; 1 session/)]);
  const [holder] = await json<{ userId: string; role: string }[]>('roles', 'list');
  expect(holder).toEqual({ userId: (await customer.profile()).id, role: 'support' });
  expect((await run('roles', 'grant', customer.email, 'support')).out).toContain('nothing changed');
  const missing = await run('roles', 'grant', 'nobody@example.com', 'operator');
  expect([missing.code, missing.err]).toEqual([1, expect.stringMatching(/404 an account with this e-mail address/)]);
  expect((await run('roles', 'revoke', holder!.userId, '--reason', 'done')).code).toBe(0);
  expect(await json('roles', 'list')).toEqual([]);
  const trail = await json<{ action: string; phase: string }[]>('audit', '--service', 'operator');
  const ours = trail.filter(({ action }) => action.startsWith('roles.'));
  expect(ours.map(({ action, phase }) => `${action} ${phase}`)).toEqual([
    ...['roles.grant begun', 'roles.grant done', 'roles.grant begun', 'roles.grant done'],
    ...['roles.grant begun', 'roles.grant failed', 'roles.revoke begun', 'roles.revoke done'],
  ]);
  expect(JSON.stringify(ours)).not.toContain('@example.com');
  const events = await json<{ type?: string; subject?: string }[]>('audit', '--type', 'role', '--service', 'user');
  expect(events.map(({ type, subject }) => [type, subject])).toEqual([
    ['role.granted', holder!.userId],
    ['role.revoked', holder!.userId],
  ]);
});

test('a provider that hangs: doctor names it, the orders that wait are listed, and go on once it is back', async () => {
  const { pid } = system.services.find(({ id }) => id === 'psp-sandbox-1')!;
  process.kill(pid, 'SIGSTOP');
  try {
    const id = await place();
    await eventually(waiting, (ids) => ids.includes(id));
    expect((await run('doctor')).out).toMatch(/WRONG +psp-sandbox-1 +no response/);
    const story = await eventually(
      () => json<{ open: string[] }>('order', id),
      ({ open }) => open.length === 2,
    );
    expect(story.open).toEqual([
      expect.stringMatching(/^the saga waits for authorize; its timer fires in/),
      expect.stringMatching(/^the operation AUTHORIZE at the provider is/),
    ]);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await eventually(waiting, ({ length }) => length === 0)).toEqual([]);
});

test('a service that hangs: doctor names it, the messages it holds are counted, and its end is the cure', async () => {
  const hanging = system.services.filter(({ service }) => service === 'payment');
  for (const { pid } of hanging) process.kill(pid, 'SIGSTOP');
  let id: string;
  try {
    id = await place();
    expect(await eventually(waiting, (ids) => ids.includes(id))).toContain(id);
    const doctor = await run('doctor');
    for (const instance of hanging) expect(doctor.out).toMatch(new RegExp(`WRONG +${instance.id} +no response`));
    const held = async (): Promise<number> => {
      const { consumers: rows } = await json<{
        consumers: { consumer: string; pending: number; ackPending: number }[];
      }>('consumers');
      const row = rows.find(({ consumer }) => consumer === 'payment__payment-cmd-authorize-v2');
      return row!.pending + row!.ackPending;
    };
    expect(await eventually(held, (count) => count > 0)).toBe(1);
  } finally {
    for (const instance of hanging) await instance.kill();
  }
  for (const instance of hanging) await instance.restart();
  // What a killed instance held is delivered again after ack_wait, 30 s.
  await customer.waitFor(id, ['CONFIRMED'], 90_000);
  expect((await run('services', 'payment')).code).toBe(0);
}, 180_000);

test('a consumer that was deleted: the message is there, nobody handles it, and provisioning cures it', async () => {
  const [definition] = consumers.filter(({ message }) => message.subject === 'payment.evt.authorized.v1');
  const name = durableName(definition!);
  await as('provisioner', async (nc) => (await jetstreamManager(nc)).consumers.delete('PAYMENT', name));
  const id = await place();
  const story = await eventually(
    () => run('order', id),
    ({ out }) => out.includes('sends payment.evt.authorized.v1: published'),
  );
  expect(story.out).not.toContain('has handled payment.evt.authorized.v1');
  expect((await run('consumers')).out).toContain(`missing: ${name}`);
  expect((await run('doctor')).out).toMatch(new RegExp(`WRONG +topology +missing consumer ${name}`));
  const warned = await run('logs', '--service', 'order', '--level', 'warn', '--since', '1m');
  expect(warned.out).toContain('waiting for JetStream streams and consumers');

  await as('provisioner', (nc) => provision(nc, { streams, consumers, replicas: 1 }));
  await customer.waitFor(id, ['CONFIRMED']);
  await expectHealthy();
});

test('a killed service and a stopped database are seen', async () => {
  const victim = system.services.find(({ id }) => id === 'payment-2')!;
  await victim.kill();
  const services = await run('services', 'payment');
  expect([services.code, services.out]).toEqual([1, expect.stringMatching(/payment-2 .*no response/)]);
  await victim.restart();
  expect((await run('services', 'payment')).code).toBe(0);

  await system.postgres.stop();
  const doctor = await run('doctor');
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/WRONG +database of order/);
  expect(doctor.out).toMatch(/ok +topology/);
  expect((await run('order', orderId)).err).toContain('cannot be reached');
  await system.postgres.restart();
  await expectHealthy();
});

test('without a system: the exit code is 1 and the message says what to do; doctor says whether one can start', async () => {
  const elsewhere = join(folder, 'nothing-here');
  const { code, err } = await run('services', '--folder', elsewhere);
  expect([code, err]).toEqual([1, expect.stringMatching(/no system runs in .*nothing-here\n.*npm start/)]);
  expect((await run('doctor', '--folder', elsewhere)).out).toContain('can one start?');
});
