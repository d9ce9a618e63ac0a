import { readDatabase } from '../src/target/read-database.js';
import { SilentPostgres } from './silent-postgres.js';

// A database that falls silent after the connection stands. A test that fails here does not end.
let server: SilentPostgres;
afterEach(() => server.stop());

test('a statement that is never answered fails after its limit', async () => {
  server = await SilentPostgres.start(0);
  await expect(readDatabase(server.url, (query) => query('SELECT 1'), 200)).rejects.toThrow('timeout');
});

test('a server that does not say goodbye does not hold up what was read', async () => {
  server = await SilentPostgres.start(1);
  await expect(readDatabase(server.url, (query) => query('SELECT 1'), 60_000)).resolves.toEqual([]);
});
