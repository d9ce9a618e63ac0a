import { Deadline, withDeadline } from '@causeway/resilience';
import { DatabaseUnavailable } from './errors.js';
import { guardPrisma } from './guard-prisma.js';

type Query = (input: {
  model?: string;
  operation: string;
  args: unknown;
  query: (args: unknown) => Promise<unknown>;
}) => Promise<unknown>;

/** Behaves as a generated client does where the guard touches it: an extension wraps every operation. */
function clientThat(answer: (args: unknown) => Promise<unknown>) {
  const plain = {
    $extends: ({ query: { $allOperations } }: { query: { $allOperations: Query } }) => ({
      ...plain,
      order: {
        findMany: (args?: unknown) => $allOperations({ model: 'Order', operation: 'findMany', args, query: answer }),
      },
    }),
    $transaction: async (work: () => Promise<unknown>) => (await answer(undefined), work()),
    order: { findMany: answer },
  };
  return guardPrisma(plain);
}
const gone = Object.assign(new Error(`Can't reach database server at 10.0.0.3`), { code: 'P1001' });

test('answers pass', async () => {
  expect(await clientThat(async (args) => [args]).order.findMany({ take: 1 })).toEqual([{ take: 1 }]);
  expect(await clientThat(async () => 1).$transaction(async () => 2)).toBe(2);
});

test('an absent database is DatabaseUnavailable, for operations and around transactions', async () => {
  const client = clientThat(() => Promise.reject(gone));
  await expect(client.order.findMany({})).rejects.toThrow(DatabaseUnavailable);
  await expect(client.$transaction(async () => 2)).rejects.toThrow(DatabaseUnavailable);
});

test('any other error stays as it is', async () => {
  const taken = Object.assign(new Error('taken'), { code: 'P2002' });
  await expect(clientThat(() => Promise.reject(taken)).order.findMany({})).rejects.toBe(taken);
});

test('nothing is started after the deadline', async () => {
  let started = false;
  const client = clientThat(async () => (started = true));
  const late = withDeadline(Deadline.after(0), () => client.order.findMany({}));
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(started).toBe(false);
});
