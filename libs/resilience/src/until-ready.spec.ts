import { untilReady } from './index.js';

const messageOf = (error: unknown): string => (error as Error).message;

test('it repeats what fails, and reminds of each reason once in a while', async () => {
  const reasons = ['refused', 'refused', 'starting', 'starting'];
  const reminders: string[] = [];
  const attempt = () => {
    const reason = reasons.shift();
    return reason === undefined ? Promise.resolve('ready') : Promise.reject(new Error(reason));
  };
  const remind = (reason: string) => reminders.push(reason);
  await expect(untilReady(attempt, { reasonOf: messageOf, remind, pauseMs: 1 })).resolves.toBe('ready');
  expect(reminders).toEqual(['refused', 'starting']);
});

test('the same reason is repeated after its time', async () => {
  const reminders: string[] = [];
  let attempts = 0;
  const attempt = () => ((attempts += 1) > 5 ? Promise.resolve() : Promise.reject(new Error('refused')));
  await untilReady(attempt, {
    reasonOf: messageOf,
    remind: (reason) => reminders.push(reason),
    pauseMs: 1,
    remindMs: 0,
  });
  expect(reminders).toHaveLength(5);
});

test('an error that waiting will not fix ends the wait', async () => {
  const reasonOf = (error: unknown): string => {
    throw error;
  };
  const work = untilReady(() => Promise.reject(new Error('wrong version')), { reasonOf, remind: () => undefined });
  await expect(work).rejects.toThrow('wrong version');
});

test('a signal ends it with its reason, before an attempt and during a pause', async () => {
  const failing = { reasonOf: messageOf, remind: () => undefined, pauseMs: 60_000 };
  const stopping = new AbortController();
  const work = untilReady(() => Promise.reject(new Error('refused')), { ...failing, signal: stopping.signal });
  const ended = expect(work).rejects.toThrow('stopping');
  await new Promise((resolve) => setTimeout(resolve, 10));
  stopping.abort(new Error('stopping'));
  await ended;
  await expect(untilReady(() => Promise.resolve(), { ...failing, signal: stopping.signal })).rejects.toThrow(
    'stopping',
  );
});
