import { fileURLToPath } from 'node:url';
import { Shopper } from '@causeway/demo-client';
import { run } from '@causeway/launcher/run';
import { serviceNames } from '@causeway/system';
import { composeTarget, type ComposeTarget } from '../src/compose-target.js';
import { eventually } from '../src/eventually.js';

const main = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
let target: ComposeTarget;
let orderId: string;

beforeAll(async () => {
  target = await composeTarget({ env: {}, instances: { order: 2 } });
  const customer = await Shopper.create(target.endpoints);
  const [product] = await customer.products();
  const placed = await customer.placeOrder({
    items: [{ productId: product!.id, quantity: 1 }],
    shippingAddressId: (await customer.addAddress()).id,
    paymentMethodToken: 'tok_success',
  });
  orderId = placed.body.id;
  await eventually('the order is confirmed', async () => {
    const { body } = await customer.call<{ status: string }>(`/v1/orders/${orderId}`);
    return body.status === 'CONFIRMED';
  });
}, 300_000);
afterAll(() => target.stop());

describe.each([
  ['the image causeway/cli', () => target.cli],
  ['npx causeway --compose', () => [process.execPath, main, '--compose', target.project.file] as const],
])('%s', (_, command) => {
  const causeway = async (...args: string[]) => {
    const { code, stdout, stderr } = await run([...command(), ...args, '--json'], {
      env: target.project.environment,
      timeoutMs: 60_000,
    });
    return { code, found: JSON.parse(stdout || '{}') as unknown, errors: stderr };
  };

  test('sees every instance, and finds nothing wrong', async () => {
    const { code, found } = await causeway('services');
    const instances = found as { service: string; status: string }[];
    expect(instances.map(({ service, status }) => `${service} ${status}`).sort()).toEqual(
      [...serviceNames, 'order'].map((service) => `${service} ready`).sort(),
    );
    expect(code).toBe(0);
    const doctor = await causeway('doctor');
    expect((doctor.found as { ok: boolean }[]).filter(({ ok }) => !ok)).toEqual([]);
    expect(doctor.code).toBe(0);
  });

  test('tells the story of an order from all databases', async () => {
    const { code, found } = await causeway('order', orderId);
    const text = JSON.stringify(found);
    expect([code, text]).toEqual([0, expect.stringContaining('CONFIRMED')]);
    expect((found as { events: unknown[] }).events.length).toBeGreaterThan(10);
  });

  test('changes a log level for a while, and the audit trail says who did', async () => {
    const who = `ada-${process.pid}`;
    const { found } = await causeway('log-level', 'order', 'debug', '--for', '1m', '--as', who);
    expect(found).toEqual(Array.from({ length: 2 }, () => expect.objectContaining({ logLevel: 'debug' })));
    expect(JSON.stringify((await causeway('audit')).found)).toContain(who);
  });

  test('exit code 2 for wrong usage', async () => {
    expect((await causeway('dance')).code).toBe(2);
  });
});

test('in a container a change needs a name, and logs are the platform’s', async () => {
  const inside = (...args: string[]) =>
    run([...target.cli, ...args], { env: target.project.environment, timeoutMs: 60_000 });
  const nameless = await inside('log-level', 'order', 'debug', '--for', '1m');
  expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('add --as <your name>')]);
  const logs = await inside('logs');
  expect([logs.code, logs.stderr]).toEqual([1, expect.stringContaining('docker compose logs order')]);
});
