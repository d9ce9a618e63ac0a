import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportMetrics } from '@causeway/telemetry/testing';
import { HttpPaymentProvider } from '../src/adapters/clients/http-payment-provider.js';
import { paymentProviderContract } from '../src/testing/payment-provider-contract.js';
import { PspRefused, PspUnclear, PspUnsent } from '../src/application/provider-errors.js';
import { apiKey, slowMs, startProvider, timeoutMs } from '../src/testing/payment-service.js';

let url: string;
let stop: () => Promise<void> = async () => undefined;
const adapters: HttpPaymentProvider[] = [];

beforeAll(async () => {
  const started = await startProvider();
  ({ stop } = started);
  ({ url } = started.provider);
});

afterAll(async () => {
  for (const adapter of adapters) await adapter.onApplicationShutdown();
  await stop();
});

const adapter = (options: { url?: string; apiKey?: string } = {}) => {
  const made = new HttpPaymentProvider({ url, apiKey, timeoutMs, ...options });
  adapters.push(made);
  return made;
};

paymentProviderContract('sandbox over HTTP', async () => ({
  provider: adapter(),
  // Nothing listens on port 1.
  unreachable: adapter({ url: 'http://127.0.0.1:1' }),
  slowDone: () => sleep(slowMs),
}));

test('a wrong API key declines no payment: it counts as not sent', async () => {
  const charge = { reference: 'r', amountMinor: 1, currency: 'EUR', paymentMethodToken: 'tok_success' };
  await expect(adapter({ apiKey: 'wrong-api-key-0123456789' }).authorize('key', charge)).rejects.toBeInstanceOf(
    PspUnsent,
  );
});

test.each([
  [429, 'rate_limit', PspUnsent],
  [403, 'forbidden', PspUnsent],
  [503, 'unavailable', PspUnclear],
  [400, 'invalid_state', PspRefused],
] as const)('a response %i is sorted by what it says about the charge', async (status, code, expected) => {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { type: code, code, message: 'Try again.' } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider = adapter({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  try {
    await expect(provider.capture('key', 'ch_1')).rejects.toBeInstanceOf(expected);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('after many failures the circuit breaker suspends calls, which count as not sent', async () => {
  const broken = adapter({ url: 'http://127.0.0.1:1' });
  for (let call = 0; call < 30; call++) await broken.find('r').catch(() => undefined);
  await expect(broken.find('r')).rejects.toMatchObject({ message: expect.stringContaining('suspended') });
});

test('calls are measured by operation and by what became of them', async () => {
  const metrics = await exportMetrics();
  const charge = { amountMinor: 1, currency: 'EUR' };
  const provider = adapter();
  const { id } = await provider.authorize('m1', { ...charge, reference: 'm1', paymentMethodToken: 'tok_success' });
  await provider.authorize('m2', { ...charge, reference: 'm2', paymentMethodToken: 'tok_declined' });
  await provider.capture('m3', id);
  await provider.void('m4', id).catch(() => undefined);
  await provider.find('m1');
  await adapter({ url: 'http://127.0.0.1:1' })
    .refund('m5', id, { reference: 'r', amountMinor: 1 })
    .catch(() => undefined);
  const calls = (operation: string, outcome: string) =>
    metrics.value('payment_provider_duration_count', { operation, outcome });
  expect([
    await calls('authorize', 'ok'),
    await calls('authorize', 'declined'),
    await calls('capture', 'ok'),
    await calls('void', 'refused'),
    await calls('find', 'ok'),
    await calls('refund', 'unsent'),
    await calls('authorize', 'unclear'),
  ]).toEqual([1, 1, 1, 1, 1, 1, undefined]);
  await metrics.stop();
});
