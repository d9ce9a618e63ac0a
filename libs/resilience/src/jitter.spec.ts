import { fullJitterMs } from './index.js';

test('delays lie between 0 and a ceiling that doubles up to the cap', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 20].map((attempt) => fullJitterMs(attempt, 50, 1_000, () => 1));
  expect(ceilings).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  expect(fullJitterMs(3, 50, 1_000, () => 0)).toBe(0);
  expect(fullJitterMs(3, 50, 1_000, () => 0.5)).toBe(100);
});
