import { purgeBatch } from '../purge.js';
import type { Sql } from '../sql.js';
import { Housekeeping } from './housekeeping.js';

const sql: Sql = { query: () => Promise.reject(new Error('not used')) };

/** Deletes what is left, a batch at a time. */
function purgeOf(rows: number) {
  const left = { rows, calls: 0 };
  const purge = () => {
    const deleted = Math.min(left.rows, purgeBatch);
    left.rows -= deleted;
    left.calls += 1;
    return Promise.resolve(deleted);
  };
  return { left, purge };
}

test('a round repeats each purge until it has nothing left', async () => {
  const [many, none] = [purgeOf(2 * purgeBatch + 1), purgeOf(0)];
  await new Housekeeping(sql, [many.purge, none.purge]).once();
  expect([many.left, none.left]).toEqual([
    { rows: 0, calls: 3 },
    { rows: 0, calls: 1 },
  ]);
});

test('a purge that fails neither ends the process nor keeps the others from their work', async () => {
  const { left, purge } = purgeOf(1);
  await new Housekeeping(sql, [() => Promise.reject(new Error('gone')), purge]).once();
  expect(left.rows).toBe(0);
});

test('a stop awaits the statement in flight, and starts no other', async () => {
  const seen: string[] = [];
  let finish: () => void = () => undefined;
  const purge = async () => {
    seen.push('begun');
    await new Promise<void>((resolve) => (finish = resolve));
    seen.push('ended');
    return purgeBatch;
  };
  const keeper = new Housekeeping(sql, [purge], 1);
  keeper.onApplicationBootstrap();
  while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  // Several intervals: a round that takes longer than one is not joined by a second.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = keeper.onModuleDestroy().then(() => seen.push('stopped'));
  finish();
  await stopped;
  expect(seen).toEqual(['begun', 'ended', 'stopped']);
});
