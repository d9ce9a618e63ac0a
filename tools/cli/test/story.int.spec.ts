import { randomUUID } from 'node:crypto';
import { orderConfirmed, userRegistered } from '@causeway/contracts';
import { sampleOf } from '@causeway/contracts/testing';
import { buildEnvelope, messagingMigrations } from '@causeway/messaging';
import { persistenceMigrations } from '@causeway/persistence';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { messageParts, type ReadFrom } from '../src/story/message-parts.js';

// `user` stands for any service beside those that the story of an order is about.
const databases = new Map<string, TestDatabase>();
beforeAll(async () => {
  for (const service of ['order', 'payment', 'user'])
    databases.set(service, await createDatabase({ migrations: [persistenceMigrations, messagingMigrations] }));
}, 120_000);
afterAll(() => Promise.all([...databases.values()].map((database) => database.drop())));

const sql = async (service: string, text: string, values: readonly unknown[]) =>
  (await databases.get(service)!.pool.query(text, [...values])).rows;

/** @returns the trace, for messages that follow */
async function add(service: string, aggregateId: string, trace = randomUUID().replaceAll('-', '')): Promise<string> {
  const envelope =
    service === 'user'
      ? buildEnvelope(userRegistered, { source: service, aggregateId, data: sampleOf(userRegistered.data) })
      : buildEnvelope(orderConfirmed, { source: service, aggregateId, data: sampleOf(orderConfirmed.data) });
  const traceparent = `00-${trace}-0123456789abcdef-01`;
  await sql(service, 'SELECT causeway.add_outbox($1::jsonb)', [JSON.stringify({ ...envelope, traceparent })]);
  return trace;
}

const read: ReadFrom = async (service, work) => {
  const database = databases.get(service);
  return database && work(async (text, values) => (await database.pool.query(text, [...(values ?? [])])).rows);
};
const linesOf = async (aggregate: string): Promise<string[]> => {
  const period = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) };
  const parts = await messageParts(read, { aggregates: [aggregate], ...period });
  return parts.flatMap(({ events }) => events.map(({ by, what }) => `${by} ${what.split(':')[0]}`)).sort();
};

test('a service that carries on the trace of a message is in the story, whatever its own message is about', async () => {
  const order = randomUUID();
  const trace = await add('order', order);
  await add('user', randomUUID(), trace);
  expect(await linesOf(order)).toEqual(['order sends order.evt.confirmed.v1', 'user sends user.evt.registered.v1']);
});

test('what another trace led to is not, nor what a shared trace says about another order', async () => {
  const order = randomUUID();
  const trace = await add('order', order);
  await add('user', randomUUID());
  await add('order', randomUUID(), trace);
  await add('payment', randomUUID(), trace);
  expect(await linesOf(order)).toEqual(['order sends order.evt.confirmed.v1']);
});

test('a service whose database is not known is named', async () => {
  const without: ReadFrom = (service, work) => (service === 'user' ? Promise.resolve(undefined) : read(service, work));
  const parts = await messageParts(without, { aggregates: [randomUUID()], from: new Date(), to: new Date() });
  expect(parts.flatMap(({ now }) => now)).toEqual(['user is left out: its database is not known here']);
});
