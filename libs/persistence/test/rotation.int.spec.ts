import { randomBytes } from 'node:crypto';
import { FieldCipher, FieldKeyRotation, FieldKeys, poolSql, type SealedTable, type Sql } from '../src/index.js';
import { rotateTable } from '../src/rotation/rotate-table.js';
import { prepare, type Prepared } from './helpers.js';

const tables: readonly SealedTable[] = [
  {
    table: 'people',
    key: { country: 'text', id: 'uuid' },
    columns: { name_sealed: 'people.name', note_sealed: 'people.note' },
  },
  { table: 'documents', key: { id: 'text' }, columns: { body: 'documents.body' }, member: 'sealed' },
];
const bytes = { v1: randomBytes(32), v2: randomBytes(32) };
const keysOf = (...versions: ('v1' | 'v2')[]) =>
  new FieldKeys(new Map(versions.map((version) => [version, bytes[version]])), versions.at(-1)!);
const old = new FieldCipher(keysOf('v1'));
const renewed = new FieldCipher(keysOf('v2'));
const idOf = (n: number) => `0193a000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const count = 1_100; // three batches

let db: Prepared;
beforeAll(async () => {
  db = await prepare();
  await db.database.pool.query(
    `CREATE TABLE people (country text, id uuid, name_sealed text NOT NULL, note_sealed text, version int DEFAULT 1,
       PRIMARY KEY (country, id));
     CREATE TABLE documents (id text PRIMARY KEY, body jsonb)`,
  );
});
beforeEach(async () => {
  await db.database.pool.query('TRUNCATE people, documents');
  const ids = Array.from({ length: count }, (_, n) => idOf(n));
  await db.pool.query(
    'INSERT INTO people (country, id, name_sealed, note_sealed) SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[])',
    [
      ids.map(() => 'GB'),
      ids,
      ids.map((id) => old.encrypt(`name of ${id}`, 'people.name', `GB:${id}`)),
      ids.map((id, n) => (n % 2 === 0 ? null : old.encrypt('note', 'people.note', `GB:${id}`))),
    ],
  );
  const body = { status: 1, sealed: old.encrypt('text', 'documents.body', 'd1') };
  await db.pool.query(`INSERT INTO documents VALUES ('d1', $1), ('d2', '{"other":true}'), ('d3', NULL)`, [body]);
});
afterAll(() => db.close());

const rotationOf = () => new FieldKeyRotation(db.pool, keysOf('v1', 'v2'), tables);
async function run(rotation = rotationOf()) {
  rotation.start('ada');
  await rotation.settled();
  return rotation.status();
}
const names = async () =>
  (await db.pool.query<{ id: string; sealed: string }>('SELECT id, name_sealed AS sealed FROM people ORDER BY id'))
    .rows;

test('everything is encrypted with the newest key, and only the ciphertexts change', async () => {
  expect(await rotationOf().status()).toMatchObject({ current: 'v2', outdated: count + count / 2 + 1 });
  const status = await run();
  expect(status).toMatchObject({
    outdated: 0,
    columns: [
      { column: 'people.name_sealed', versions: { v2: count } },
      { column: 'people.note_sealed', versions: { v2: count / 2 } },
      { column: 'documents.body', versions: { v2: 1 } },
    ],
    run: { state: 'done', who: 'ada', rotated: count + 1, skipped: 0, failed: 0 },
  });
  for (const { id, sealed } of await names())
    expect(renewed.decrypt(sealed, 'people.name', `GB:${id}`)).toBe(`name of ${id}`);
  const documents = await db.pool.query(
    'SELECT body, (SELECT sum(version)::int FROM people) AS versions FROM documents ORDER BY id',
  );
  expect(documents.rows).toMatchObject([
    { body: { status: 1 }, versions: count },
    { body: { other: true } },
    { body: null },
  ]);
  expect((await run()).run).toMatchObject({ rotated: 0 });
  const events = await db.pool.query(
    `SELECT outcome, actor, details FROM causeway.security_events WHERE type = 'field-keys.rotated' ORDER BY at`,
  );
  expect(events.rows[0]).toMatchObject({
    outcome: 'success',
    actor: 'ada',
    details: { version: 'v2', rotated: count + 1 },
  });
});

test('a row that changes between the reading and the writing of its batch is never overwritten', async () => {
  const id = idOf(7);
  const changed = old.encrypt('changed', 'people.name', `GB:${id}`);
  const sql = poolSql(db.pool);
  let changes = 0;
  const racing: Sql = {
    query: async (text, values) => {
      // As an instance that still runs with the old key would.
      if (text.includes('UPDATE people') && (changes += 1) === 1)
        await db.pool.query('UPDATE people SET name_sealed = $2 WHERE id = $1', [id, changed]);
      return sql.query(text, values);
    },
  };
  const rotate = () => rotateTable(racing, new FieldCipher(keysOf('v1', 'v2')), tables[0]!, () => undefined);
  expect(await rotate()).toEqual({ rotated: count - 1, skipped: 1, failed: 0 });
  expect((await names())[7]?.sealed).toBe(changed);
  expect(await rotate()).toEqual({ rotated: 1, skipped: 0, failed: 0 });
  expect(renewed.decrypt((await names())[7]!.sealed, 'people.name', `GB:${id}`)).toBe('changed');
});

test('a row that another transaction holds is skipped, and found by the next run', async () => {
  const client = await db.database.pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM people WHERE id = $1 FOR UPDATE', [idOf(7)]);
  const status = await run();
  expect(status).toMatchObject({ outdated: 2, run: { state: 'done', rotated: count, skipped: 1 } });
  await client.query('ROLLBACK');
  client.release();
  expect(await run()).toMatchObject({ outdated: 0, run: { rotated: 1, skipped: 0 } });
});

test('a row that cannot be decrypted stays as it is, is counted, and stops nobody else', async () => {
  const foreign = old.encrypt('x', 'people.name', 'another row');
  await db.pool.query('UPDATE people SET name_sealed = $2 WHERE id = $1', [idOf(3), foreign]);
  const status = await run();
  expect(status).toMatchObject({ outdated: 2, run: { state: 'done', rotated: count, failed: 1 } });
  expect((await names())[3]?.sealed).toBe(foreign);
});
