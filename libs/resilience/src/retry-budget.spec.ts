import { RetryBudget } from './index.js';

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
