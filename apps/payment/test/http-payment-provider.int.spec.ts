import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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
