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

/** Calls, evenly over some seconds; none of them fails. */
function calls(budget: RetryBudget, clock: { ms: number }, perSecond: number, seconds: number): void {
  for (let call = 0; call < perSecond * seconds; call += 1) {
    budget.deposit();
    clock.ms += 1_000 / perSecond;
  }
}
function retriesOf(budget: RetryBudget): number {
  let retries = 0;
  while (budget.tryWithdraw()) retries += 1;
  return retries;
}

test('under load, an instance that dies with 64 calls in flight costs no more than ten seconds have earned', () => {
  const clock = { ms: 0 };
  const budget = new RetryBudget(0.1, 10, () => clock.ms);
  calls(budget, clock, 100, 60);
  const retries = retriesOf(budget);
  expect(retries).toBeGreaterThanOrEqual(64);
  expect(retries).toBeLessThanOrEqual(10 + 0.1 * 100 * 10);
  expect(retriesOf(budget)).toBe(0);
});

test('what was earned fades in a quiet time, down to the burst', () => {
  const clock = { ms: 0 };
  const budget = new RetryBudget(0.1, 10, () => clock.ms);
  calls(budget, clock, 1_000, 60);
  clock.ms += 120_000;
  expect(retriesOf(budget)).toBe(10);
});
