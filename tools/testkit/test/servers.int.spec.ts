import { connect } from '@nats-io/transport-node';
import { sessionConfig } from '@causeway/persistence';
import pg from 'pg';
import { createDatabase, startNats, startPostgres } from '../src/index.js';

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(sessionConfig(url));
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('databases are apart from each other, and neither their owner nor a service is a superuser', async () => {
  const [first, second] = await Promise.all([createDatabase(), createDatabase()]);
  await first.pool.query('CREATE TABLE only_here (id int)');
  expect((await second.pool.query(`SELECT to_regclass('only_here') AS found`)).rows).toEqual([{ found: null }]);
  for (const url of [first.url, first.migrationUrl])
    expect(await query(url, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual([
      { rolsuper: false },
    ]);
  await first.drop();
  await second.drop();
});

test('a killed PostgreSQL restarts with its data on the same port', async () => {
  const server = await startPostgres();
  const passwords = { password: 'secret of the shop', ownerPassword: 'secret of its owner' };
  const { url, migrationUrl } = await server.ensureDatabase('shop', passwords);
  await query(migrationUrl, 'CREATE TABLE kept AS SELECT 7 AS id');
  await server.kill();
  await expect(query(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  await server.restart();
  expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
  await server.stop();
});

test('a killed NATS server restarts with its streams, or empty when asked', async () => {
  const server = await startNats();
  const streams = async (): Promise<unknown> => {
    const connection = await connect({ servers: server.url });
    const answer = (await connection.request('$JS.API.STREAM.NAMES')).json<{ streams: string[] | null }>();
    await connection.close();
    return answer.streams ?? [];
  };
  const connection = await connect({ servers: server.url });
  await connection.request(
    '$JS.API.STREAM.CREATE.KEPT',
    JSON.stringify({ name: 'KEPT', subjects: ['kept.>'], storage: 'file' }),
  );
  await connection.close();
  await server.kill();
  await server.restart();
  expect(await streams()).toEqual(['KEPT']);
  await server.restart({ empty: true });
  expect(await streams()).toEqual([]);
  await server.stop();
});
