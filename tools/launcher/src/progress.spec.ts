import { allOf, named } from './progress.js';

test('a failure is reported only when all have come to an end, so that nothing starts behind the back of a stop', async () => {
  let ended = false;
  const slow = new Promise((resolve) => setTimeout(resolve, 30)).then(() => (ended = true));
  const work = [named('bad', Promise.reject(new Error('no port'))), named('slow', slow)] as const;
  await expect(allOf(() => undefined, work)).rejects.toThrow('no port');
  expect(ended).toBe(true);
});

test('what takes longer than two seconds is named', async () => {
  const said: string[] = [];
  const [first, second] = await allOf(
    (line) => said.push(line),
    [
      named('PostgreSQL', new Promise<number>((resolve) => setTimeout(() => resolve(7), 2_300))),
      named('NATS', Promise.resolve('quick')),
    ],
  );
  expect([first, second]).toEqual([7, 'quick']);
  expect(said).toEqual(['waiting for PostgreSQL: 2 s']);
});
