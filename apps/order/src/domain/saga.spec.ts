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

test('a rejection gives the stock back and is announced', () => {
  const after = order({ status: 'REJECTED', step: null, stockHeld: false });
  expect(consequencesOf(order({}), after)).toEqual({ command: null, event: 'rejected', releaseStock: true });
});

test('confirming is announced and keeps the stock', () => {
  const after = order({ status: 'CONFIRMED', step: null });
  expect(consequencesOf(order({}), after)).toEqual({ command: null, event: 'confirmed', releaseStock: false });
});

test('late money of a cancelled order is asked back without giving stock back again', () => {
  const before = order({ status: 'CANCELLED', step: null, stockHeld: false });
  expect(consequencesOf(before, { ...before, step: 'refund' })).toEqual({
    command: 'refund',
    event: null,
    releaseStock: false,
  });
});

test('late money given back is announced with the status the order has', () => {
  const before = order({ status: 'REJECTED', step: 'refund', stockHeld: false });
  expect(consequencesOf(before, { ...before, step: null })).toEqual({
    command: null,
    event: 'rejected',
    releaseStock: false,
  });
});
