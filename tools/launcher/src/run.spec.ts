import { run } from './run.js';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a program that is not there is an error at once, and nothing of it keeps this process alive', async () => {
  const before = timers();
  await expect(run(['no-such-program-here'], { timeoutMs: 60_000 })).rejects.toThrow('ENOENT');
  expect(timers()).toBe(before);
});

test('a program that takes too long is killed, and its code is that of timeout(1)', async () => {
  const { code, stderr } = await run([process.execPath, '-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 100 });
  expect([code, stderr]).toEqual([124, expect.stringContaining('was killed after 0.1 s')]);
});
