import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shopper } from '@causeway/demo-client';
import { startSystem, type System } from '@causeway/launcher';
import { describeWhen } from '@causeway/testkit/describe-when';
import { patience } from '../src/patience.js';
import { BulkReceiver } from '../src/bulk-receiver.js';
import { eventually } from '../src/eventually.js';
import { wrongLines } from '../src/log-lines.js';
import { Rsyslog, rsyslogAvailable } from '../src/rsyslog.js';
import { linesOf } from '../src/target.js';

/** Set where the system runs from images, whose logs are no files. */
declare const causewayTarget: 'images' | undefined;
const hasFiles = typeof causewayTarget === 'undefined';

describeWhen(hasFiles && (await rsyslogAvailable()), {
  missing: 'there is no rsyslog, or the system has no log files',
  remedy: 'Debian and Ubuntu have it; the tests of the images go without',
})('rsyslog ships log files to Elasticsearch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-logs-'));
  const [logs, shipper] = [join(folder, 'logs'), join(folder, 'shipper')];
  const receiver = new BulkReceiver();
  let system: System;
  let rsyslog: Rsyslog;
  let customer: Shopper;

  beforeAll(async () => {
    mkdirSync(shipper);
    const [started, url] = await Promise.all([
      startSystem({ folder, ports: 'any', durable: false, env: { all: { ...patience, LOG_LEVEL: 'debug' } } }),
      receiver.start(),
    ]);
    system = started;
    rsyslog = await Rsyslog.in(shipper, logs, url);
    await rsyslog.start();
    customer = await Shopper.create(system.endpoints);
  }, 240_000);

  afterAll(async () => {
    await rsyslog?.stop('SIGKILL');
    await receiver.stop();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  const logged = (): string[] =>
    readdirSync(logs)
      .filter((name) => /-\d+\.log$/.test(name))
      .flatMap((name) => linesOf(readFileSync(join(logs, name), 'utf8')));
  /** Every shipped line without what the shipper adds, with the ids of its documents. */
  const shipped = (): Map<string, string[]> => {
    const ids = new Map<string, string[]>();
    for (const [id, { '@timestamp': _, ...fields }] of receiver.documents) {
      const line = JSON.stringify(fields);
      ids.set(line, [...(ids.get(line) ?? []), id]);
    }
    return ids;
  };
  /** Lines that were shipped more or less often than they were logged. */
  const differences = (): string[] => {
    const times = Map.groupBy(logged(), (line) => line);
    const found = shipped();
    return [...new Set([...times.keys(), ...found.keys()])]
      .map((line) => ({ line, logged: times.get(line)?.length ?? 0, ids: found.get(line) ?? [] }))
      .filter(({ logged, ids }) => logged !== ids.length)
      .map(({ line, logged, ids }) => `logged ${logged} times, shipped as [${ids.join(', ')}]: ${line}`);
  };
  const placeOrders = async (count: number): Promise<void> => {
    const product = (await customer.products())[0]!;
    const { id } = await customer.addAddress();
    const order = { items: [{ productId: product.id, quantity: 1 }], shippingAddressId: id };
    for (let index = 0; index < count; index += 1) {
      const { body } = await customer.placeOrder({ ...order, paymentMethodToken: 'tok_success' });
      await customer.waitFor(body.id, ['CONFIRMED']);
    }
  };
  const allShipped = (): Promise<unknown> =>
    eventually('every line is shipped', () => Promise.resolve(receiver.documents.size >= logged().length), 60_000);

  test('every line arrives once, over a busy, a deaf and a restarted receiver and a shipper that is killed', async () => {
    await placeOrders(2);
    receiver.mishaps.push('busy', 'no response', 'busy');
    await placeOrders(1);
    await eventually('the mishaps happened', () => Promise.resolve(receiver.mishaps.length === 0));
    await receiver.stop();
    await placeOrders(1);
    // With lines in hand that it cannot send.
    await rsyslog.stop();
    await rsyslog.start();
    await placeOrders(1);
    await receiver.start();
    await allShipped();
    await rsyslog.stop('SIGKILL');
    await placeOrders(1);
    await rsyslog.start();
    // A stop logs, too.
    await system.services.find(({ service }) => service === 'payment')!.stop();
    await allShipped();
    expect(differences()).toEqual([]);
    expect(receiver.repeated).toBeGreaterThan(0);
    expect(wrongLines([...shipped().keys()])).toEqual([]);
  }, 120_000);

  test('text past the logger becomes a line; a line outside the schema is set aside with the reason', async () => {
    const before = receiver.documents.size;
    const stray = { level: 'info', time: new Date().toISOString(), service: 'order', msg: 'stray', basket: 3 };
    const file = join(logs, 'order-1.log');
    appendFileSync(file, `FATAL ERROR: "heap" out of memory\n${JSON.stringify(stray)}\n`);
    const text = await eventually('the text is shipped', () =>
      Promise.resolve([...receiver.documents.values()].find(({ level }) => level === 'unknown')),
    );
    expect(text).toEqual({
      '@timestamp': expect.stringMatching(/^\d{4}-.*(Z|\+00:00)$/),
      level: 'unknown',
      service: 'order',
      instance: 'order-1',
      msg: 'FATAL ERROR: "heap" out of memory',
    });
    const refused = await eventually('the stray line is set aside', () =>
      Promise.resolve(linesOf(readFileSync(join(shipper, 'refused.json'), 'utf8'))),
    );
    expect(refused.map((line) => JSON.parse(line) as unknown)).toEqual([
      { status: '400', reason: expect.stringContaining('basket'), document: expect.objectContaining(stray) },
    ]);
    expect(receiver.documents.size).toBe(before + 1);
  });
});
