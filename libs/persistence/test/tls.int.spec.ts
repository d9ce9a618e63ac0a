import { certificateFor, startPostgres, withOpenssl, type TestPostgres } from '@causeway/testkit';
import {
  createPool,
  DatabaseHealth,
  persistenceMigrations,
  runMigrations,
  translatePgError,
  waitForDatabase,
  waitForSchema,
} from '../src/index.js';
import { errorOf, settingsFor } from './helpers.js';

withOpenssl('PostgreSQL over TLS', () => {
  let ca: string;
  let another: string;
  const sets = [persistenceMigrations];
  let encrypted: TestPostgres;
  let plain: TestPostgres;
  let url: string;
  let migrationUrl: string;

  beforeAll(async () => {
    // For the address, and not for the name `localhost`.
    const certificate = certificateFor('postgres', 'IP:127.0.0.1');
    ({ ca } = certificate);
    another = certificateFor('postgres', 'IP:127.0.0.1').ca;
    [encrypted, plain] = await Promise.all([startPostgres({ tls: certificate }), startPostgres()]);
    ({ url, migrationUrl } = await encrypted.ensureDatabase('shop', { password: 'kshop', ownerPassword: 'kowner' }));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([encrypted?.stop(), plain?.stop()]);
  });

  test('with the certificate of the authority everything is encrypted: migrations, services, their health', async () => {
    await runMigrations(migrationUrl, sets, { trust: { ca } });
    await waitForSchema(settingsFor(url, { DATABASE_CA: ca }), sets);
    const pool = createPool(settingsFor(url, { DATABASE_CA: ca }));
    await waitForDatabase(pool, sets);
    await new DatabaseHealth(pool).check();
    const { rows } = await pool.query('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
    await pool.end();
  });

  const elsewhere = (from: string): string => from.replace('127.0.0.1', 'localhost');

  test.each([
    ['another authority', () => url, () => another, /certificate.*\((SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)\w+\)/],
    ['another host name', () => elsewhere(url), () => ca, /altnames.*\(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ['no encryption', () => url, () => undefined, /: the server takes encrypted connections only$/],
    ['no encryption, asked for in the URL', () => `${url}?sslmode=disable`, () => undefined, /takes encrypted/],
    ['a server without TLS', () => plain.url(), () => ca, /: the server offers no TLS$/],
    // What the URL says cannot weaken what the setting says.
    ['another authority, whatever the URL says', () => `${url}?sslmode=no-verify`, () => another, /certificate/],
  ])('%s: the start ends with what is wrong, and says what to do', async (_, at, trusted, reason) => {
    const DATABASE_CA = trusted();
    const pool = createPool(settingsFor(at(), { ...(DATABASE_CA && { DATABASE_CA }) }));
    const found = await errorOf(waitForDatabase(pool, []));
    expect(found).toMatchObject({
      code: 'DATABASE_UNTRUSTED',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('DATABASE_CA_FILE'),
    });
    // Once it runs, such a server is one that is not available.
    expect(translatePgError(await errorOf(pool.query('SELECT 1')))).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await pool.end();

    const trust = DATABASE_CA ? { ca: DATABASE_CA } : undefined;
    expect(await errorOf(runMigrations(at(), sets, { trust }))).toMatchObject({ code: 'DATABASE_UNTRUSTED' });
  });

  test('what is no certificate is named before anything connects', () => {
    expect(() => settingsFor(url, { DATABASE_CA: '/run/secrets/ca.crt' })).toThrow(
      /DATABASE_CA: expected certificates/,
    );
  });
});
