import { randomUUID } from 'node:crypto';
import { scopes, type OrderView, type PaymentView } from '@causeway/contracts';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import type { Person } from '../person.js';
import { sendChanged, validRequest } from '../requests.js';

const racers = 10;
const patienceMs = 60_000;

/** Money that is sent back twice, and orders that are placed twice, because ten ask at the same instant. */
export const moneyRaces: Attack = {
  id: 'money/races',
  about: 'one order placed ten times at once, and one refund asked for ten times at once, by support and its customer',
  fast: true,
  inside: true,
  run: async (system, found) => {
    const person = await system.newcomer();
    const orderId = await placedOnce(system, found, person);
    if (orderId !== undefined) await refundedOnce(system, found, person, orderId);
  },
};

/** @returns the order */
async function placedOnce(system: AttackedSystem, found: Found, person: Person): Promise<string | undefined> {
  const route = system.routes.find(({ operationId }) => operationId === 'placeOrder')!;
  const request = await validRequest(system, route, person);
  const same = { headers: { 'idempotency-key': randomUUID() } };
  const answers = await Promise.all(Array.from({ length: racers }, () => sendChanged(system, found, request, same)));
  const placed = answers.filter(({ status }) => status === 202).map(({ text }) => (JSON.parse(text) as OrderView).id);
  if (new Set(placed).size !== 1) found(`one idempotency key has placed ${new Set(placed).size} orders`);
  const orders = await read<{ items: OrderView[] }>(system, person, '/v1/orders?limit=100');
  if (orders.items.length !== 1) found(`${orders.items.length} orders are there`);
  return placed[0];
}

async function refundedOnce(system: AttackedSystem, found: Found, person: Person, orderId: string): Promise<void> {
  const { paymentId } = await until(
    () => read<OrderView>(system, person, `/v1/orders/${orderId}`),
    ({ status }) => status === 'CONFIRMED',
  );
  const support = `Bearer ${await system.stranger.token([scopes.paymentsRefund])}`;
  const owner = `Bearer ${await person.token([scopes.orders])}`;
  const cancel = (authorization: string) =>
    system.http.send({
      method: 'POST',
      path: `/v1/orders/${orderId}/cancel`,
      headers: { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: '{"reason":"arrived broken"}',
    });
  const answers = await Promise.all(
    Array.from({ length: racers }, (_, index) => cancel(index % 2 === 0 ? support : owner)),
  );
  const refused = answers.filter(({ status }) => status !== 202 && status !== 409).map(({ status }) => status);
  if (refused.length > 0) found(`a refund in a race → ${refused.join()}`);
  const payment = await until(
    () => read<PaymentView>(system, person, `/v1/payments/${paymentId}`),
    ({ status }) => status === 'REFUNDED',
  );
  if (payment.refundedMinor !== payment.amountMinor)
    found(`of ${payment.amountMinor}, ${payment.refundedMinor} came back`);
  const { urls, secrets } = system.inside!.system;
  const headers = { authorization: `Bearer ${secrets.pspApiKey}` };
  const path = `/ledger?reference=${paymentId}`;
  const { text } = await system.http.send({ method: 'GET', path, headers }, new URL(urls.psp));
  const [sums] = (JSON.parse(text) as { sums: { capturedMinor: number; refundedMinor: number }[] }).sums;
  if (sums?.refundedMinor !== sums?.capturedMinor)
    found(`the provider took ${sums?.capturedMinor} and gave ${sums?.refundedMinor} back`);
}

async function read<T>(system: AttackedSystem, person: Person, path: string): Promise<T> {
  const authorization = `Bearer ${await person.token([scopes.orders, scopes.payments])}`;
  const { status, text } = await system.http.send({ method: 'GET', path, headers: { authorization } });
  if (status !== 200) throw new Error(`GET ${path} → ${status} ${text.slice(0, 200)}`);
  return JSON.parse(text) as T;
}

async function until<T>(look: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (const endAt = performance.now() + patienceMs; performance.now() < endAt;) {
    const value = await look();
    if (isThere(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('an order or its payment did not come to its end within a minute');
}
