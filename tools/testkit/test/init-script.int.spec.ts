import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { describeWhen } from '../src/describe-when.js';
import { certificateFor, startPostgres, type TestPostgres } from '../src/index.js';

// What the Job postgres-init and the container `databases` run, on a real server.
const script = join(import.meta.dirname, '../../../k8s/components/postgres/init.sh');
const has = (...[program, version]: readonly [string, string]): boolean => spawnSync(program, [version]).status === 0;
const withPsql = describeWhen(has('psql', '--version') && has('openssl', 'version'), {
  missing: 'psql or openssl is not installed',
  remedy: 'install both (Debian: apt-get install postgresql-client openssl)',
});

withPsql('the script that makes databases', () => {
  let ca: string;
  let postgres: TestPostgres;
  let folder: string;
  beforeAll(async () => {
    const certificate = certificateFor('localhost', 'IP:127.0.0.1');
    ({ ca } = certificate);
    postgres = await startPostgres({ tls: certificate });
    folder = mkdtempSync(join(tmpdir(), 'causeway-init-'));
  });
  afterAll(async () => {
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (secrets: Readonly<Record<string, string>>, trusted = ca): Promise<string> => {
    const files = { ...secrets, 'ca.crt': trusted };
    for (const [name, value] of Object.entries(files)) writeFileSync(join(folder, name), value);
    const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: join(folder, 'ca.crt') };
    const env = { PATH: process.env['PATH'], PGHOST: 'localhost', PGPORT: String(postgres.port), ...tls };
    return (await promisify(execFile)('sh', [script, folder], { env })).stdout;
  };
  const query = async (user: string, password: string, text: string): Promise<unknown[]> => {
    const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${postgres.port}/shop`;
    const client = new pg.Client(sessionConfig(url, { ca }));
    await client.connect();
    return client.query<object>(text).then(
      async ({ rows }) => client.end().then(() => rows),
      async (error: unknown) => client.end().then(() => Promise.reject(error as Error)),
    );
  };

  test('makes both roles, from passwords and from URLs, sets new passwords, and keeps the data', async () => {
    const [password, address] = ['kfirst', 'postgres:5432/shop'];
    const url = `postgres://shop:${password}@${address}`;
    const said = await run({ postgres: 'throw-away', shop: url, shop_owner: "it's @ 1st:" });
    expect(said).toBe('database shop is there, with the roles shop and shop_owner\n');
    await query('shop_owner', "it's @ 1st:", 'CREATE TABLE things AS SELECT 7 AS id');
    expect(await query('shop', 'kfirst', 'SELECT id FROM things')).toEqual([{ id: 7 }]);
    await expect(query('shop', 'kfirst', 'DROP TABLE things')).rejects.toMatchObject({ code: '42501' });

    await run({ shop: 'second', shop_owner: 'owner' });
    expect(await query('shop', 'second', 'SELECT id FROM things')).toEqual([{ id: 7 }]);
    await expect(query('shop', 'kfirst', 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('ends when another authority vouches for the server', async () => {
    const another = certificateFor('localhost').ca;
    await expect(run({ postgres: 'throw-away' }, another)).rejects.toThrow(/certificate verify failed/);
  });
});
