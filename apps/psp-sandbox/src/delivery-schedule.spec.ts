import { chance } from './chance.js';
import { deliveryDelaysMs } from './delivery-schedule.js';

const seqs = Array.from({ length: 1_000 }, (_, index) => index + 1);

test('the same seed gives the same schedule, another seed a different one', () => {
  const fates = (seed: number) => seqs.map((seq) => deliveryDelaysMs(seq, { seed, ratio: 0.5 }));
  expect(fates(7)).toEqual(fates(7));
  expect(fates(7)).not.toEqual(fates(8));
});

test('without chaos every webhook is delivered once and at once', () => {
  expect(seqs.every((seq) => deliveryDelaysMs(seq, { seed: 1, ratio: 0 }).join() === '0')).toBe(true);
});

test('with a ratio of 0.1, about a tenth arrive twice and about a tenth late', () => {
  const deliveries = seqs.map((seq) => deliveryDelaysMs(seq, { seed: 1, ratio: 0.1 }));
  const twice = deliveries.filter(({ length }) => length === 2).length;
  const late = deliveries.filter(([first]) => (first ?? 0) > 0).length;
  expect([twice, late].every((count) => count > 60 && count < 140)).toBe(true);
});

test('chances are spread evenly over 0 to 1', () => {
  const values = seqs.map((seq) => chance(3, seq));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
