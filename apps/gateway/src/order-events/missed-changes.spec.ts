import type { OrderHistory, OrderHistoryEntry, OrderView } from '@causeway/contracts';
import { missedChanges } from './missed-changes.js';

const entry = (changes: Partial<OrderHistoryEntry>): OrderHistoryEntry => ({
  version: 1,
  from: null,
  status: 'PENDING_PAYMENT',
  step: 'authorize',
  reason: null,
  event: null,
  occurredAt: '2026-11-21T10:00:00.000Z',
  cause: { kind: 'request', name: 'POST /v1/orders', id: 'key' },
  traceId: null,
  ...changes,
});
const history: OrderHistory = {
  items: [
    entry({ version: 1, event: 'order.evt.placed.v1' }),
    entry({ version: 2, status: 'AUTHORIZED' }),
    entry({ version: 3, status: 'CONFIRMED', event: 'order.evt.confirmed.v1' }),
    entry({ version: 4, status: 'CANCELLING', reason: 'cancelled by the customer' }),
    entry({ version: 5, status: 'CANCELLED', reason: 'cancelled by the customer', event: 'order.evt.cancelled.v1' }),
  ],
};
const order = (version: number) => ({ id: 'o1', version }) as OrderView;

test.each([
  ['all that was announced after the version seen', 5, 1, [3, 5]],
  ['nothing that was seen', 5, 3, [5]],
  ['nothing newer than the snapshot, which comes live', 4, 1, [3]],
  ['nothing, when all was seen', 5, 5, []],
])('%s', (_, current, seen, expected) => {
  expect(missedChanges(order(current), history, seen).map(({ version }) => version)).toEqual(expected);
});

test('a change looks as it does in a stream that stayed open', () => {
  const [confirmed, cancelled] = missedChanges(order(5), history, 1);
  const common = { orderId: 'o1', occurredAt: '2026-11-21T10:00:00.000Z' };
  expect(confirmed).toEqual({ ...common, type: 'order.evt.confirmed.v1', status: 'CONFIRMED', version: 3 });
  expect(cancelled).toEqual({
    ...common,
    type: 'order.evt.cancelled.v1',
    status: 'CANCELLED',
    version: 5,
    reason: 'cancelled by the customer',
  });
});

test('a history with gaps gives what it has', () => {
  const items = history.items.filter(({ version }) => version === 5);
  expect(missedChanges(order(5), { items }, 1).map(({ version }) => version)).toEqual([5]);
});
