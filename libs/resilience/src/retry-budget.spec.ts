import { fullJitterMs, RetryBudget } from './index.js';

test('in the long run retries are a tenth of the calls, after a burst of ten', () => {
  const budget = new RetryBudget(0.1);
  let retries = 0;
  for (let call = 0; call < 1_000; call += 1) {
    budget.deposit();
    if (budget.tryWithdraw()) retries += 1;
  }
  expect(retries).toBeGreaterThanOrEqual(108);
  expect(retries).toBeLessThanOrEqual(110);
});

test('ten calls earn one retry', () => {
  const budget = new RetryBudget(0.1, 1);
  expect([budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, false]);
  for (let call = 0; call < 10; call += 1) budget.deposit();
  expect([budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, false]);
});

test('delays lie between 0 and a ceiling that doubles up to the cap', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 20].map((attempt) => fullJitterMs(attempt, 50, 1_000, () => 1));
  expect(ceilings).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  expect(fullJitterMs(3, 50, 1_000, () => 0)).toBe(0);
  expect(fullJitterMs(3, 50, 1_000, () => 0.5)).toBe(100);
});
