import { PgUnitOfWork, poolSql, purgeBatch, purgeSecurityEvents, SecurityLog } from '../src/index.js';
import { errorOf, prepare, type Prepared } from './helpers.js';

const insufficientPrivilege = '42501';
const bind = (transaction: ConstructorParameters<typeof SecurityLog>[0]) => ({
  sql: transaction.sql,
  security: new SecurityLog(transaction),
});

let prepared: Prepared;
let uow: PgUnitOfWork<ReturnType<typeof bind>>;
beforeEach(async () => {
  prepared = await prepare();
  uow = new PgUnitOfWork(prepared.pool, bind);
});
afterEach(() => prepared.close());

const rows = async () =>
  (await prepared.database.pool.query('SELECT * FROM causeway.security_events ORDER BY at, id')).rows as Record<
    string,
    unknown
  >[];
const record = () =>
  uow.single(({ security }) => security.record({ type: 'password.changed', outcome: 'success', actor: 'a-user' }));
/** Rows that were written so many days ago. */
const olden = (days: number, count = 1) =>
  prepared.database.pool.query(
    `INSERT INTO causeway.security_events (type, outcome, at)
     SELECT 'password.changed', 'success', now() - make_interval(days => $1) FROM generate_series(1, $2)`,
    [days, count],
  );

test('an event is a row with ids, the network of the caller and the time', async () => {
  await uow.single(({ security }) =>
    security.record({
      type: 'role.granted',
      outcome: 'success',
      actor: 'operator',
      subject: 'a-user',
      clientId: 'causeway-ops',
      address: '2001:db8:1:2::7',
      details: { role: 'support', count: 2, first: true },
    }),
  );
  const [row] = await rows();
  expect(row).toMatchObject({
    type: 'role.granted',
    outcome: 'success',
    actor: 'operator',
    subject: 'a-user',
    client_id: 'causeway-ops',
    network: '2001:db8:1::/48',
    details: { role: 'support', count: 2, first: true },
  });
  expect(row?.['at']).toBeInstanceOf(Date);
});

test('an event goes with its transaction: what did not happen is not recorded', async () => {
  const failing = uow.run(async ({ security }) => {
    await security.record({ type: 'password.changed', outcome: 'success', actor: 'a-user' });
    throw new Error('the change failed');
  });
  await expect(failing).rejects.toThrow('the change failed');
  expect(await rows()).toEqual([]);
});

test('secrets and personal data do not get into the table, whatever the caller passes', async () => {
  await uow.single(({ security }) =>
    security.record({
      type: 'sign-in.failed',
      outcome: 'failure',
      subject: 'ada@example.com',
      address: '192.0.2.77',
      details: { password: 'hunter2', note: 'tried as ada@example.com', refreshToken: 'abcdef' },
    }),
  );
  const text = JSON.stringify(await rows());
  expect(text).toContain('192.0.2.0/24');
  expect(text).not.toMatch(/hunter2|ada@|abcdef|192\.0\.2\.77/);
});

test.each([
  ['UPDATE', "UPDATE causeway.security_events SET outcome = 'failure'"],
  ['DELETE', 'DELETE FROM causeway.security_events'],
  ['TRUNCATE', 'TRUNCATE causeway.security_events'],
])('%s is refused to the service, which lacks the right, and to the owner', async (_what, statement) => {
  await record();
  const { pool, database } = prepared;
  expect(await errorOf(pool.query(statement))).toMatchObject({
    code: insufficientPrivilege,
    message: expect.stringContaining('permission denied'),
  });
  expect(await errorOf(database.pool.query(statement))).toMatchObject({
    code: insufficientPrivilege,
    message: expect.stringContaining('append-only'),
  });
  expect(await rows()).toMatchObject([{ type: 'password.changed', outcome: 'success' }]);
});

test('the triggers hold in sessions that skip ordinary ones, as those of a replica do', async () => {
  const { rows: triggers } = await prepared.database.pool.query(
    `SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'causeway.security_events'::regclass AND NOT tgisinternal`,
  );
  expect(triggers).toEqual([{ tgenabled: 'A' }, { tgenabled: 'A' }]);
});

test('the service, which cannot delete, has all rows older than 400 days purged, and no other', async () => {
  await olden(399);
  await olden(401, purgeBatch + 1);
  expect(await purgeSecurityEvents(poolSql(prepared.pool))).toBe(purgeBatch);
  expect(await purgeSecurityEvents(poolSql(prepared.pool))).toBe(1);
  expect(await purgeSecurityEvents(poolSql(prepared.pool))).toBe(0);
  expect(await rows()).toHaveLength(1);
});
