import { paymentOutcome, type OutcomeFields } from '../testing/payment-outcome.js';
import { refundIdOf } from './contradiction.js';
import { applyOutcome, cancel, giveUp, type Order, type PaymentOutcome, type SagaStep } from './order.js';

const placed: Order = {
  id: '01939f00-0000-7000-8000-00000000aaaa',
  customerId: '01939f00-0000-7000-8000-00000000bbbb',
  paymentId: '01939f00-0000-7000-8000-00000000cccc',
  status: 'PENDING_PAYMENT',
  step: 'authorize',
  stockHeld: true,
  reason: null,
  paymentVersion: 0,
  currency: 'EUR',
  totalMinor: 1_000,
  lines: [],
  version: 1,
};
const answered = { ...placed, paymentVersion: 2 };
const over = { stockHeld: false, reason: 'over' } as const;
const states: Record<string, Order> = {
  pending: placed,
  authorized: { ...answered, status: 'AUTHORIZED', step: 'capture' },
  confirmed: { ...answered, status: 'CONFIRMED', step: null },
  voidingUnauthorized: { ...placed, status: 'CANCELLING', step: 'void', reason: 'asked to' },
  voiding: { ...answered, status: 'CANCELLING', step: 'void', reason: 'asked to' },
  refunding: { ...answered, status: 'CANCELLING', step: 'refund', reason: 'asked to' },
  rejected: { ...answered, status: 'REJECTED', step: null, ...over },
  cancelled: { ...answered, status: 'CANCELLED', step: null, ...over },
  rejectedVoiding: { ...answered, status: 'REJECTED', step: 'void', ...over },
  cancelledVoiding: { ...answered, status: 'CANCELLED', step: 'void', ...over },
  cancelledRefunding: { ...answered, status: 'CANCELLED', step: 'refund', ...over },
};
const outcome = (more: OutcomeFields, version = 3): PaymentOutcome => paymentOutcome(placed, { version, ...more });
type Expected = '=' | '!' | readonly [Order['status'], SagaStep | null];
const cancelled = ['CANCELLED', null] as const;
const kinds = ['authorized', 'captured', 'declined', 'captureFailed', 'voided', 'refunded'] as const;

/** The table in the comment of `applyOutcome`, written a second time: columns in the order of `kinds`. */
const table: Record<string, readonly Expected[]> = {
  pending: [['AUTHORIZED', 'capture'], '!', ['REJECTED', null], '!', cancelled, '!'],
  authorized: ['=', ['CONFIRMED', null], '!', ['CANCELLING', 'void'], cancelled, '!'],
  confirmed: ['=', '=', '!', '!', '!', '!'],
  voidingUnauthorized: ['=', '!', cancelled, '!', cancelled, cancelled],
  voiding: ['=', '=', '!', '=', cancelled, cancelled],
  refunding: ['=', '=', '!', '!', '!', cancelled],
  rejected: [['REJECTED', 'void'], '!', '=', '!', '=', '='],
  cancelled: [['CANCELLED', 'void'], ['CANCELLED', 'refund'], '=', '=', '=', '='],
  rejectedVoiding: ['=', '!', ['REJECTED', null], '!', ['REJECTED', null], ['REJECTED', null]],
  cancelledVoiding: ['=', '=', cancelled, '=', cancelled, cancelled],
  cancelledRefunding: ['=', '=', '!', '!', '!', cancelled],
};
const cases = Object.entries(table).flatMap(([state, row]) =>
  kinds.map((kind, column) => ({ state, kind, expected: row[column]! })),
);

describe('applyOutcome', () => {
  test.each(cases)('$state, $kind: $expected', ({ state, kind, expected }) => {
    const before = states[state]!;
    if (expected === '!') {
      expect(() => applyOutcome(before, outcome({ kind }))).toThrow(
        expect.objectContaining({ code: 'ORDER_TRANSITION_ILLEGAL' }),
      );
      return;
    }
    const after = applyOutcome(before, outcome({ kind }));
    if (expected === '=') expect(after).toBe(before);
    else {
      expect([after.status, after.step]).toEqual(expected);
      expect(after).toMatchObject({
        version: 2,
        paymentVersion: 3,
        stockHeld: !['REJECTED', 'CANCELLED'].includes(after.status),
      });
    }
  });

  const changing = cases.filter(({ expected }) => Array.isArray(expected));
  test.each(changing)('$state, $kind twice changes once', ({ state, kind }) => {
    const after = applyOutcome(states[state]!, outcome({ kind }));
    expect(applyOutcome(after, outcome({ kind }))).toBe(after);
  });

  test('an outcome older than the newest applied one is ignored', () => {
    const confirmed: Order = { ...states.confirmed!, paymentVersion: 4 };
    expect(applyOutcome(confirmed, outcome({ kind: 'declined' }, 3))).toBe(confirmed);
  });

  test('a repeated reply about a payment that is complete is no late money', () => {
    const settled: Order = { ...states.cancelled!, paymentVersion: 6 };
    expect(applyOutcome(settled, outcome({ kind: 'captured' }, 6))).toBe(settled);
    expect(applyOutcome(settled, outcome({ kind: 'captured' }, 7)).step).toBe('refund');
  });

  test('a refund is shown in the reason', () => {
    expect(applyOutcome(states.cancelledRefunding!, outcome({ kind: 'refunded' })).reason).toBe(
      `over; refunded 10.00 EUR (refund ${placed.paymentId})`,
    );
  });

  test('a late capture is shown in the reason before it is refunded', () => {
    expect(applyOutcome(states.cancelled!, outcome({ kind: 'captured' })).reason).toBe(
      'over; the card was charged after that; refunding it',
    );
  });
});

/** Outcomes with one wrong field each, which is wrong in every state of the order. */
const lies: readonly OutcomeFields[] = [
  ...kinds.map((kind) => ({ kind, paymentId: placed.customerId })),
  ...(['authorized', 'captured'] as const).flatMap((kind) => [
    { kind, currency: 'USD' },
    { kind, amountMinor: 999 },
    { kind, amountMinor: 1_001 },
    { kind, amountMinor: 0 },
  ]),
  { kind: 'refunded', currency: 'USD' },
  { kind: 'refunded', amountMinor: 1_001 },
  { kind: 'refunded', amountMinor: 0 },
  { kind: 'refunded', refundId: placed.customerId },
];

describe('an outcome of another payment, amount, currency or refund', () => {
  const inEveryState = Object.keys(states).flatMap((state) => lies.map((lie) => ({ state, lie })));
  test.each(inEveryState)('$state: $lie is refused', ({ state, lie }) => {
    // Also when it claims to be an old one.
    for (const version of [1, 3]) {
      expect(() => applyOutcome(states[state]!, outcome(lie, version))).toThrow(
        expect.objectContaining({ code: 'PAYMENT_MISMATCH', retryable: false }),
      );
    }
  });

  test('a part of the total, under the id that the order or the payment chose, is a refund', () => {
    for (const refundId of [refundIdOf(placed), placed.paymentId]) {
      const after = applyOutcome(states.voiding!, outcome({ kind: 'refunded', amountMinor: 1, refundId }));
      expect(after.status).toBe('CANCELLED');
    }
  });
});

describe('cancel', () => {
  test.each([
    ['pending', 'void'],
    ['authorized', 'void'],
    ['confirmed', 'refund'],
  ] as const)('%s asks for a %s and keeps the stock until the money is free', (state, step) => {
    expect(cancel(states[state]!, 'customer')).toMatchObject({
      status: 'CANCELLING',
      step,
      stockHeld: true,
      reason: 'cancelled by the customer',
    });
  });

  test.each(['voiding', 'voidingUnauthorized', 'refunding', 'cancelled', 'cancelledRefunding'])(
    '%s is returned unchanged',
    (state) => {
      expect(cancel(states[state]!, 'customer')).toBe(states[state]);
    },
  );

  test('a rejected order is ORDER_NOT_CANCELLABLE', () => {
    expect(() => cancel(states.rejected!, 'customer')).toThrow(
      expect.objectContaining({ code: 'ORDER_NOT_CANCELLABLE' }),
    );
  });
});

describe('giveUp', () => {
  test.each(['pending', 'authorized'])(
    '%s asks for a void and is not yet cancelled: the payment may be unknown',
    (state) => {
      expect(giveUp(states[state]!)).toMatchObject({ status: 'CANCELLING', step: 'void', stockHeld: true });
    },
  );

  test.each(['confirmed', 'voiding', 'refunding', 'rejected', 'cancelled'])('%s is returned unchanged', (state) => {
    expect(giveUp(states[state]!)).toBe(states[state]);
  });
});
