import { tooSlow } from './too-slow.js';

const took = (ms: number) => () => Promise.resolve({ status: 200, headers: {}, text: '', ms });

test('a request that is slow every time, beside others that are not, is at fault', async () => {
  expect(await tooSlow(2_500, took(2_400), took(10))).toBe(
    'slow each time: 2400 ms beside 10 ms, 2400 ms beside 10 ms, 2400 ms beside 10 ms',
  );
});

test.each([
  ['quick', 1_900, took(1_900), took(1)],
  ['slow once', 9_000, took(30), took(10)],
  ['as slow as everything is', 9_000, took(9_000), took(500)],
])('a request that is %s is not', async (_title, first, again, control) => {
  expect(await tooSlow(first, again, control)).toBeUndefined();
});
