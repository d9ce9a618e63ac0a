import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, verifyMigrations, type MigrationSet } from '@causeway/persistence';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { migrations } from '../src/migrations.js';

const [own] = migrations.filter(({ name }) => name === 'order');
const libraries = migrations.filter((set) => set !== own);
const script = readFileSync(own!.repeatable![0]!.file, 'utf8');

/**
 * What the first release sends to `place_order`. Instances of it run during a rollout, so this request never changes.
 */
const firstRequest = (productId: string, quantity: number) => {
  const target = { orderId: randomUUID(), paymentId: randomUUID(), customerId: randomUUID() };
  const envelope = (type: string, subject: string, data: object) => ({
    specversion: '1.0',
    id: randomUUID(),
    source: 'order',
    type,
    subject,
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    data,
  });
  return {
    ...target,
    items: [{ productId, quantity }],
    idempotency: { subject: target.customerId, route: 'POST /v1/orders', key: randomUUID(), fingerprint: 'f' },
    addressSealed: 'v1.address',
    cardTokenSealed: 'v1.token',
    redriveMs: 30_000,
    paymentLimitMs: 900_000,
    placedMessage: envelope('order.evt.placed.v1', target.orderId, target),
    authorizeMessage: envelope('payment.cmd.authorize.v1', target.paymentId, {
      ...target,
      paymentMethodToken: 'tok_success',
    }),
  };
};

let root: string;
let database: TestDatabase;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'rollout-'));
  database = await createDatabase();
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await database.drop();
});

/** The first release: `place_order` was a numbered migration. */
function firstRelease(): readonly MigrationSet[] {
  const directory = join(root, 'migrations');
  cpSync(own!.directory, directory, { recursive: true });
  mkdirSync(join(directory, '20261121000100_place_order'));
  const text = script.replace('CREATE OR REPLACE FUNCTION', 'CREATE FUNCTION');
  writeFileSync(join(directory, '20261121000100_place_order', 'migration.sql'), text);
  return [...libraries, { name: 'order', directory, table: 'prisma' }];
}

async function placeAsFirstRelease(): Promise<unknown> {
  const { rows } = await database.pool.query('SELECT id FROM products WHERE available > 1 ORDER BY id LIMIT 1');
  const request = firstRequest((rows as { id: string }[])[0]!.id, 1);
  const result = await database.pool.query('SELECT place_order($1::jsonb) AS result', [JSON.stringify(request)]);
  return (result.rows as { result: unknown }[])[0]!.result;
}
const placed = {
  outcome: 'placed',
  order: {
    id: expect.any(String),
    status: 'PENDING_PAYMENT',
    currency: expect.any(String),
    totalMinor: expect.any(Number),
    lines: [
      {
        productId: expect.any(String),
        name: expect.any(String),
        quantity: 1,
        unitPriceMinor: expect.any(Number),
      },
    ],
    paymentId: expect.any(String),
    reason: null,
    version: 1,
    placedAt: expect.any(String),
    updatedAt: expect.any(String),
  },
};

test('a database of the first release is migrated; its instances still start, and place orders', async () => {
  const first = firstRelease();
  await migrate(database.migrationUrl, first);
  expect(await placeAsFirstRelease()).toEqual(placed);

  const applied = await migrate(database.migrationUrl, migrations);
  expect(applied.map(({ set, name }) => `${set}/${name}`)).toEqual(['order/place_order']);
  await verifyMigrations(database.pool, migrations);

  await verifyMigrations(database.pool, first);
  expect(await migrate(database.migrationUrl, first)).toEqual([]);
  expect(await placeAsFirstRelease()).toMatchObject(placed);
});

test('a new database answers the request of the first release', async () => {
  await migrate(database.migrationUrl, migrations);
  expect(await placeAsFirstRelease()).toMatchObject(placed);
});
