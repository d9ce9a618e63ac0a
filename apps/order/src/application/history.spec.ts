import { randomUUID } from 'node:crypto';
import type { OrderHistoryEntry } from '@causeway/contracts';
import { CodedError } from '@causeway/errors';
import { fingerprint } from '@causeway/persistence';
import type { Order, PaymentOutcome } from '../domain/order.js';
import { newOrder, products } from '../testing/fixtures.js';
import { InMemoryOrders } from '../testing/in-memory-orders.js';
import { paymentOutcome } from '../testing/payment-outcome.js';
import { ApplyPaymentOutcome } from './apply-payment-outcome.js';
import { CancelOrder } from './cancel-order.js';
import { DriveDueOrders } from './drive-due-orders.js';
import type { ChangeCause } from './ports.js';

const clock = () => new Date('2026-11-21T10:00:00Z');
const request = newOrder();
const { orderId, customerId } = request;
const outcomes = ['authorized', 'captured', 'declined', 'captureFailed', 'voided', 'refunded'] as const;
const actions = [...outcomes, 'cancel', 'due', 'expired'] as const;
type Action = (typeof actions)[number];
type State = InMemoryOrders['state'];

/** Does one thing to the order in `state`. @returns The state after it, and what should be the cause of a change. */
async function act(state: State, action: Action): Promise<{ readonly after: State; readonly cause: ChangeCause }> {
  const orders = new InMemoryOrders(products);
  orders.state = structuredClone(state);
  const id = randomUUID();
  const cause = await run(orders, action, id);
  return { after: orders.state, cause };
}

async function run(orders: InMemoryOrders, action: Action, id: string): Promise<ChangeCause> {
  switch (action) {
    case 'cancel':
      await refusable(
        new CancelOrder(orders, fingerprint, clock).execute({
          reach: { callerId: customerId, everybody: false },
          orderId,
          idempotencyKey: id,
        }),
      );
      return { kind: 'request', name: 'POST /v1/orders/{orderId}/cancel', id };
    case 'due':
    case 'expired':
      orders.due = [{ orderId, expired: action === 'expired' }];
      await new DriveDueOrders(orders, orders, clock).execute(1, (_, error) => {
        throw error;
      });
      return { kind: 'timer', name: 'payment limit', id: null };
    default: {
      const subject = `payment.evt.${action}`;
      const message = { delivery: { consumer: 'c', messageId: id }, subject };
      const outcome = outcomeFor(orderIn(orders.state), action);
      const apply = new ApplyPaymentOutcome(orders, clock);
      await refusable(apply.execute(message, orderId, outcome));
      // Delivered again, it must leave no second trace.
      await refusable(apply.execute(message, orderId, outcome));
      return { kind: 'message', name: subject, id };
    }
  }
}

const orderIn = (state: State): Order => state.orders[orderId]!.order;
const outcomeFor = (order: Order, kind: PaymentOutcome['kind']): PaymentOutcome =>
  paymentOutcome(order, { kind, version: order.paymentVersion + 1 });

/** What the domain refuses changes nothing. */
async function refusable(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof CodedError)) throw error;
  });
}

/** Two states with the same key allow the same transitions. */
const keyOf = ({ status, step, paymentVersion }: Order): string => [status, step, paymentVersion > 0].join(' ');

async function placed(): Promise<State> {
  const orders = new InMemoryOrders(products);
  await orders.single((tx) => tx.orders.place(request));
  return orders.state;
}

interface Step {
  readonly action: Action;
  readonly before: State;
  readonly after: State;
  readonly cause: ChangeCause;
}

/** Every action in every state that an order can reach. */
async function everyStep(): Promise<Step[]> {
  const first = await placed();
  const steps: Step[] = [];
  const seen = new Set([keyOf(orderIn(first))]);
  for (const queue = [first]; queue.length > 0;) {
    const before = queue.shift()!;
    for (const action of actions) {
      const { after, cause } = await act(before, action);
      steps.push({ action, before, after, cause });
      const key = keyOf(orderIn(after));
      if (!seen.has(key)) queue.push(after);
      seen.add(key);
    }
  }
  return steps;
}

/** Every transition of the saga: if one is missing here, the walk has not been everywhere. */
const transitions = [
  'AUTHORIZED cancel: CANCELLING, void open',
  'AUTHORIZED captureFailed: CANCELLING, void open',
  'AUTHORIZED captured: CONFIRMED',
  'AUTHORIZED expired: CANCELLING, void open',
  'AUTHORIZED voided: CANCELLED',
  'CANCELLED authorized: CANCELLED, void open',
  'CANCELLED captured: CANCELLED, refund open',
  'CANCELLED, refund open refunded: CANCELLED',
  'CANCELLED, void open declined: CANCELLED',
  'CANCELLED, void open refunded: CANCELLED',
  'CANCELLED, void open voided: CANCELLED',
  'CANCELLING, refund open refunded: CANCELLED',
  'CANCELLING, void open declined: CANCELLED',
  'CANCELLING, void open refunded: CANCELLED',
  'CANCELLING, void open voided: CANCELLED',
  'CONFIRMED cancel: CANCELLING, refund open',
  'PENDING_PAYMENT authorized: AUTHORIZED',
  'PENDING_PAYMENT cancel: CANCELLING, void open',
  'PENDING_PAYMENT declined: REJECTED',
  'PENDING_PAYMENT expired: CANCELLING, void open',
  'PENDING_PAYMENT voided: CANCELLED',
  'REJECTED authorized: REJECTED, void open',
  'REJECTED, void open declined: REJECTED',
  'REJECTED, void open refunded: REJECTED',
  'REJECTED, void open voided: REJECTED',
];
const labelOf = (state: State): string => {
  const { status, step } = orderIn(state);
  return step === 'void' || step === 'refund' ? `${status}, ${step} open` : status;
};

const historyIn = (state: State): readonly OrderHistoryEntry[] => state.orders[orderId]!.history;
/** The event about the order that was sent between two states. */
const announced = (before: State, after: State): string | null =>
  after.sent.slice(before.sent.length).find(({ aggregateId }) => aggregateId === orderId)?.subject ?? null;

test('in every state that an order can reach, a change leaves one entry with its cause, anything else none', async () => {
  const steps = await everyStep();
  const changes = steps.filter(({ before, after }) => orderIn(after).version !== orderIn(before).version);
  const labels = changes.map(({ before, action, after }) => `${labelOf(before)} ${action}: ${labelOf(after)}`);
  expect([...new Set(labels)].sort()).toEqual(transitions);

  for (const { action, before, after, cause } of steps) {
    const order = orderIn(after);
    const { status, step, reason, version } = order;
    const added = historyIn(after).slice(historyIn(before).length);
    const expected = {
      version,
      from: orderIn(before).status,
      status,
      step,
      reason,
      event: announced(before, after),
      cause,
      occurredAt: expect.any(String) as string,
      traceId: null,
    };
    const changed = version !== orderIn(before).version;
    const from = labelOf(before);
    expect({ from, action, added }).toEqual({ from, action, added: changed ? [expected] : [] });
    expect(historyIn(after).map((entry) => entry.version)).toEqual(Array.from({ length: version }, (_, at) => at + 1));
  }
});
