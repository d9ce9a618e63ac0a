import { alreadyHandled, type Delivery, type UnitOfWork } from '../src/sql.js';

/** A counter for each name; the least that a unit of work can be tried on. */
export interface Counters {
  add(name: string, by: number): Promise<void>;
  read(name: string): Promise<number>;
  afterCommit(action: () => void): void;
}

/** What every unit of work keeps, the fake as well as the real one. */
export function unitOfWorkContract(make: () => UnitOfWork<Counters>): void {
  let uow: UnitOfWork<Counters>;
  let name: string;
  beforeEach(() => {
    uow = make();
    name = `counter-${Math.random()}`;
  });
  const read = () => uow.single((tx) => tx.read(name));
  const delivery = (): Delivery => ({ consumer: 'contract', messageId: name });
  const addOne = async (tx: Counters) => {
    await tx.add(name, 1);
    return 'done';
  };
  const failAfterAdding = async (tx: Counters) => {
    await tx.add(name, 1);
    throw new Error('no');
  };

  test('run commits what the work changed, and returns its result', async () => {
    expect(await uow.run(addOne)).toBe('done');
    expect(await read()).toBe(1);
  });

  test('nothing is left of work that fails, and its error passes', async () => {
    await expect(uow.run(failAfterAdding)).rejects.toThrow('no');
    expect(await read()).toBe(0);
  });

  test('the work sees its own changes', async () => {
    await uow.run(async (tx) => {
      await tx.add(name, 2);
      expect(await tx.read(name)).toBe(2);
    });
  });

  test('actions run after the commit, in order', async () => {
    const seen: string[] = [];
    await uow.run(async (tx) => {
      tx.afterCommit(() => seen.push('first'));
      tx.afterCommit(() => seen.push('second'));
      await tx.add(name, 1);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['first', 'second']);
  });

  test('no action runs after a rollback', async () => {
    let ran = false;
    await expect(
      uow.run(async (tx) => {
        tx.afterCommit(() => (ran = true));
        await failAfterAdding(tx);
      }),
    ).rejects.toThrow('no');
    expect(ran).toBe(false);
  });

  test('a delivery is handled once', async () => {
    expect(await uow.runOnce(delivery(), addOne)).toBe('done');
    expect(await uow.runOnce(delivery(), addOne)).toBe(alreadyHandled);
    expect(await read()).toBe(1);
  });

  test('the same message is another delivery for another consumer', async () => {
    await uow.runOnce(delivery(), addOne);
    expect(await uow.runOnce({ ...delivery(), consumer: 'other' }, addOne)).toBe('done');
  });

  test('a delivery whose work failed is handled when it comes again', async () => {
    await expect(uow.runOnce(delivery(), failAfterAdding)).rejects.toThrow('no');
    expect(await uow.runOnce(delivery(), addOne)).toBe('done');
    expect(await read()).toBe(1);
  });

  test('of ten deliveries of one message at once, one does the work', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => uow.runOnce(delivery(), addOne)));
    expect(results.filter((each) => each === 'done')).toHaveLength(1);
    expect(await read()).toBe(1);
  });

  test('of two deliveries at once, of which one fails, the other does the work', async () => {
    const [, second] = await Promise.allSettled([
      uow.runOnce(delivery(), failAfterAdding),
      uow.runOnce(delivery(), addOne),
    ]);
    expect(second).toEqual({ status: 'fulfilled', value: 'done' });
    expect(await read()).toBe(1);
  });

  test('ids that a statement must not be made of are only data', async () => {
    const nasty = { consumer: `o'; DROP TABLE x; --`, messageId: `${name}\n"\\ 🚢` };
    expect(await uow.runOnce(nasty, addOne)).toBe('done');
    expect(await uow.runOnce(nasty, addOne)).toBe(alreadyHandled);
  });
}
