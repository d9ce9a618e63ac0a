import { applyOutcome, cancel, giveUp, type Order, type OrderStatus, type PaymentOutcome, type Step } from './order.js';

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
const over = { stockHeld: false, reason: 'over' } as const;
const states: Record<string, Order> = {
  pending: placed,
  authorized: { ...placed, status: 'AUTHORIZED', step: 'capture' },
  confirmed: { ...placed, status: 'CONFIRMED', step: null },
  voiding: { ...placed, status: 'CANCELLING', step: 'void', reason: 'asked to' },
  refunding: { ...placed, status: 'CANCELLING', step: 'refund', reason: 'asked to' },
  rejected: { ...placed, status: 'REJECTED', step: null, ...over },
  cancelled: { ...placed, status: 'CANCELLED', step: null, ...over },
  rejectedVoiding: { ...placed, status: 'REJECTED', step: 'void', ...over },
  cancelledRefunding: { ...placed, status: 'CANCELLED', step: 'refund', ...over },
};
const outcomes: Record<PaymentOutcome['kind'], PaymentOutcome> = {
  authorized: { kind: 'authorized', version: 1 },
  captured: { kind: 'captured', version: 1 },
  declined: { kind: 'declined', version: 1, reason: 'insufficient_funds' },
  captureFailed: { kind: 'captureFailed', version: 1, reason: 'expired' },
  voided: { kind: 'voided', version: 1, reason: 'asked to' },
  refunded: { kind: 'refunded', version: 1, refundId: 'r1', amountMinor: 1_000 },
};
type Expected = '=' | '!' | readonly [OrderStatus, Step | null];
const cancelled = ['CANCELLED', null] as const;
const kinds = ['authorized', 'captured', 'declined', 'captureFailed', 'voided', 'refunded'] as const;

/** The table in the comment of `applyOutcome`, written a second time: columns in the order of `kinds`. */
const table: Record<string, readonly Expected[]> = {
  pending: [['AUTHORIZED', 'capture'], ['CONFIRMED', null], ['REJECTED', null], ['CANCELLING', 'void'], cancelled, '!'],
  authorized: ['=', ['CONFIRMED', null], '!', ['CANCELLING', 'void'], cancelled, '!'],
  confirmed: ['=', '=', '!', '!', '!', '!'],
  voiding: ['=', '=', cancelled, '=', cancelled, cancelled],
  refunding: ['=', '=', '!', '!', '!', cancelled],
  rejected: [['REJECTED', 'void'], ['REJECTED', 'refund'], '=', '=', '=', '='],
  cancelled: [['CANCELLED', 'void'], ['CANCELLED', 'refund'], '=', '=', '=', '='],
  rejectedVoiding: ['=', '=', ['REJECTED', null], '=', ['REJECTED', null], ['REJECTED', null]],
  cancelledRefunding: ['=', '=', '!', '!', '!', cancelled],
};
const cases = Object.entries(table).flatMap(([state, row]) =>
  kinds.map((kind, column) => ({ state, kind, expected: row[column]! })),
);

describe('applyOutcome', () => {
  test.each(cases)('$state, $kind: $expected', ({ state, kind, expected }) => {
    const before = states[state]!;
    if (expected === '!') {
      expect(() => applyOutcome(before, outcomes[kind])).toThrow(
        expect.objectContaining({ code: 'ORDER_TRANSITION_ILLEGAL' }),
      );
      return;
    }
    const after = applyOutcome(before, outcomes[kind]);
    if (expected === '=') expect(after).toBe(before);
    else {
      expect([after.status, after.step]).toEqual(expected);
      expect(after).toMatchObject({
        version: 2,
        paymentVersion: 1,
        stockHeld: !['REJECTED', 'CANCELLED'].includes(after.status),
      });
    }
  });

  const changing = cases.filter(({ expected }) => Array.isArray(expected));
  test.each(changing)('$state, $kind twice changes once', ({ state, kind }) => {
    const after = applyOutcome(states[state]!, outcomes[kind]);
    expect(applyOutcome(after, outcomes[kind])).toBe(after);
  });

  test('an outcome older than the newest applied one is ignored', () => {
    const confirmed: Order = { ...states.confirmed!, paymentVersion: 4 };
    expect(applyOutcome(confirmed, { kind: 'declined', version: 3, reason: 'late' })).toBe(confirmed);
  });

  test('a repeated answer about a payment that is settled is no late money', () => {
    const settled: Order = { ...states.cancelled!, paymentVersion: 6 };
    expect(applyOutcome(settled, { kind: 'captured', version: 6 })).toBe(settled);
    expect(applyOutcome(settled, { kind: 'captured', version: 7 }).step).toBe('refund');
  });

  test('a refund is shown in the reason', () => {
    expect(applyOutcome(states.cancelledRefunding!, outcomes.refunded).reason).toBe(
      'over; refunded 1000 EUR in minor units (refund r1)',
    );
  });

  test('a late capture is shown in the reason before it is given back', () => {
    expect(applyOutcome(states.rejected!, outcomes.captured).reason).toBe(
      'over; the money was taken afterwards: giving it back',
    );
  });
});

describe('cancel', () => {
  test.each([
    ['pending', 'void'],
    ['authorized', 'void'],
    ['confirmed', 'refund'],
  ] as const)('%s asks for a %s and keeps the stock until the money is free', (state, step) => {
    expect(cancel(states[state]!, 'too slow')).toMatchObject({
      status: 'CANCELLING',
      step,
      stockHeld: true,
      reason: 'cancelled by the customer: too slow',
    });
  });

  test.each(['voiding', 'refunding', 'cancelled', 'cancelledRefunding'])('%s is returned unchanged', (state) => {
    expect(cancel(states[state]!)).toBe(states[state]);
  });

  test('a rejected order is ORDER_NOT_CANCELLABLE', () => {
    expect(() => cancel(states.rejected!)).toThrow(expect.objectContaining({ code: 'ORDER_NOT_CANCELLABLE' }));
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
