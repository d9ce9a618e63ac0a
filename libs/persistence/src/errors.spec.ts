import { DatabaseUnavailable, sqlStateOf, translatePgError } from './errors.js';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });
/** As Prisma 7 reports what its driver adapter said. */
const fromPrisma = (code: string, cause: object) =>
  Object.assign(new Error('Invalid `prisma.order.findMany()` invocation'), {
    code,
    meta: { driverAdapterError: Object.assign(new Error('driver'), { cause }) },
  });

test.each([
  withCode('ECONNREFUSED'),
  withCode('ECONNRESET'),
  withCode('57P01'),
  withCode('57P03'),
  withCode('53300'),
  withCode('08006'),
  withCode('25006'),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Query read timeout'),
  withCode('P1001'),
  withCode('P2024'),
  fromPrisma('P2010', { kind: 'postgres', code: '57P01', originalCode: '57P01' }),
  fromPrisma('P2010', { kind: 'DatabaseNotReachable' }),
  new Error('outer', { cause: new Error('Connection terminated') }),
])('%# means that the database is not available', (error) => {
  const translated = translatePgError(error) as DatabaseUnavailable;
  expect(translated).toBeInstanceOf(DatabaseUnavailable);
  expect([translated.code, translated.retryable, translated.retryAfterSeconds]).toEqual([
    'DATABASE_UNAVAILABLE',
    true,
    2,
  ]);
  expect([translated.cause, translated.message]).toEqual([error, 'the database is not available']);
});

test.each([
  withCode('23505'),
  withCode('40001'),
  withCode('42P01'),
  withCode('P2002'),
  new Error('no'),
  'text',
  undefined,
  null,
])('%# passes unchanged', (error) => {
  expect(translatePgError(error)).toBe(error);
});

test.each([
  [withCode('ECONNREFUSED'), 'not-applied'],
  [withCode('P1001'), 'not-applied'],
  [withCode('57014'), 'not-applied'],
  [new Error('timeout exceeded when trying to connect'), 'not-applied'],
  [new Error('Connection terminated due to connection timeout'), 'not-applied'],
  [withCode('ECONNRESET'), 'unknown'],
  [new Error('Connection terminated unexpectedly'), 'unknown'],
  [new Error('Query read timeout'), 'unknown'],
  [fromPrisma('P2010', { kind: 'postgres', code: '57P01', originalCode: '57P01' }), 'unknown'],
])('%#: the outcome is known unless the connection broke in use', (error, outcome) => {
  expect(translatePgError(error)).toMatchObject({ outcome });
  expect(translatePgError(error, 'not-applied')).toMatchObject({ outcome: 'not-applied' });
});

test('a coded error is not translated again', () => {
  const error = new DatabaseUnavailable({ outcome: 'unknown' });
  expect(translatePgError(error)).toBe(error);
});

test('the SQLSTATE is found in causes, and codes of others are none', () => {
  expect(sqlStateOf(new Error('a', { cause: withCode('40001') }))).toBe('40001');
  expect(sqlStateOf(fromPrisma('P2034', { kind: 'TransactionWriteConflict', originalCode: '40P01' }))).toBe('40P01');
  expect([sqlStateOf(withCode('P2002')), sqlStateOf(withCode('EPIPE')), sqlStateOf(1)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('the SQLSTATE of a unique violation is the same through pg and Prisma', () => {
  const cause = { kind: 'UniqueConstraintViolation', originalCode: '23505' };
  expect([sqlStateOf(withCode('23505')), sqlStateOf(fromPrisma('P2002', cause))]).toEqual(['23505', '23505']);
});

test('an error that causes itself ends', () => {
  const error = new Error('round') as Error & { cause: unknown };
  error.cause = error;
  expect(translatePgError(error)).toBe(error);
});
