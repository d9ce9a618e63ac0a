import type { Order } from './order.js';
import { consequencesOf } from './saga.js';

const order = (changes: Partial<Order>): Order => ({
  id: 'o',
  customerId: 'c',
  paymentId: 'p',
  status: 'PENDING_PAYMENT',
  step: 'authorize',
  stockHeld: true,
  reason: null,
  paymentVersion: 0,
  currency: 'EUR',
  totalMinor: 1,
  lines: [],
  version: 1,
  ...changes,
});

test('a new step sends its command and nothing else', () => {
  const after = order({ status: 'AUTHORIZED', step: 'capture' });
  expect(consequencesOf(order({}), after)).toEqual({ command: 'capture', event: null, releaseStock: false });
});

test('a rejection releases the stock and is published', () => {
  const after = order({ status: 'REJECTED', step: null, stockHeld: false });
  expect(consequencesOf(order({}), after)).toEqual({ command: null, event: 'rejected', releaseStock: true });
});

test('a confirmation is published and keeps the stock', () => {
  const after = order({ status: 'CONFIRMED', step: null });
  expect(consequencesOf(order({}), after)).toEqual({ command: null, event: 'confirmed', releaseStock: false });
});

test('late money of a cancelled order is refunded without releasing the stock again', () => {
  const before = order({ status: 'CANCELLED', step: null, stockHeld: false });
  expect(consequencesOf(before, { ...before, step: 'refund' })).toEqual({
    command: 'refund',
    event: null,
    releaseStock: false,
  });
});

test('the return of late money is published with the status the order has', () => {
  const before = order({ status: 'REJECTED', step: 'refund', stockHeld: false });
  expect(consequencesOf(before, { ...before, step: null })).toEqual({
    command: null,
    event: 'rejected',
    releaseStock: false,
  });
});
