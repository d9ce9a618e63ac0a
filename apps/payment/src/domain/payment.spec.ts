import { authorize, authorizeAgain, capture, refund, requestVoid, voidBeforeAuthorization } from './commands.js';
import { operationKey, type PaymentChange, type PaymentFact, type ProviderOutcome, type Payment } from './payment.js';
import { markUnclear, settleOperation } from './settlement.js';

const now = new Date('2026-11-21T10:00:00Z');
const terms = { customerId: 'customer', amountMinor: 1_000, currency: 'EUR' };
const kinds = (facts: readonly PaymentFact[]) => facts.map(({ kind }) => kind);
const seen = ({ payment, facts, intent }: PaymentChange) => [payment.status, kinds(facts), intent?.kind];
const thrown = (fn: () => unknown): { code?: string; retryable?: boolean } | undefined => {
  try {
    fn();
  } catch (error) {
    return error as { code: string };
  }
  return undefined;
};

const ok: ProviderOutcome = { kind: 'authorized', chargeId: 'ch_1' };
const done: ProviderOutcome = { kind: 'captured', capturedMinor: 1_000 };
const no: ProviderOutcome = { kind: 'refused', reason: 'no' };
const whole = { refundId: 'refund', amountMinor: 1_000, reason: 'returned' };

const authorizing = authorize({ id: 'payment', orderId: 'order', terms, now }).payment;
const authorized = settleOperation(authorizing, ok, now).payment;
const capturing = capture(authorized, now).payment;
const captured = settleOperation(capturing, done, now).payment;
const declined = settleOperation(
  authorizing,
  { kind: 'declined', chargeId: 'ch_1', reason: 'card_declined' },
  now,
).payment;
const voiding = requestVoid(authorized, 'cancelled', true, now).payment;
const voided = settleOperation(voiding, { kind: 'voided' }, now).payment;
const refunding = refund(captured, whole, now).payment;
const refunded = settleOperation(refunding, { kind: 'refunded' }, now).payment;
const again = (payment: Payment) => authorizeAgain(payment, 'order', terms, now);

test('from authorize to refund: each command starts an operation, each outcome publishes a fact', () => {
  expect(seen(authorize({ id: 'payment', orderId: 'order', terms, now }))).toEqual(['AUTHORIZING', [], 'AUTHORIZE']);
  expect(seen(settleOperation(authorizing, ok, now))).toEqual(['AUTHORIZED', ['authorized'], undefined]);
  expect(seen(capture(authorized, now))).toEqual(['CAPTURING', [], 'CAPTURE']);
  expect(seen(settleOperation(capturing, done, now))).toEqual(['CAPTURED', ['captured'], undefined]);
  expect(seen(refund(captured, whole, now))).toEqual(['REFUNDING', [], 'REFUND']);
  expect(seen(settleOperation(refunding, { kind: 'refunded' }, now))).toEqual(['REFUNDED', ['refunded'], undefined]);
  expect([refunded.refundedMinor, refunded.inFlight, refunded.chargeId]).toEqual([1_000, null, 'ch_1']);
});

test('the version counts every change', () => {
  expect([authorizing, authorized, capturing, captured].map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

test.each<[string, () => PaymentChange, PaymentFact['kind'][]]>([
  ['authorize, in flight', () => again(authorizing), []],
  ['authorize, authorised', () => again(authorized), ['authorized']],
  ['authorize, captured', () => again(captured), ['authorized']],
  ['authorize, declined', () => again(declined), ['declined']],
  ['authorize, voided', () => again(voided), ['voided']],
  ['authorize, refunded', () => again(refunded), ['refunded']],
  ['capture, in flight', () => capture(capturing, now), []],
  ['capture, captured', () => capture(captured, now), ['captured']],
  ['capture, voided', () => capture(voided, now), ['capture-failed']],
  ['capture, refunded', () => capture(refunded, now), ['captured', 'refunded']],
  ['void, in flight', () => requestVoid(voiding, 'cancelled', true, now), []],
  ['void, voided', () => requestVoid(voided, 'cancelled', true, now), ['voided']],
  ['void, declined', () => requestVoid(declined, 'cancelled', true, now), ['voided']],
  ['void, refunded', () => requestVoid(refunded, 'cancelled', true, now), ['refunded']],
  ['refund, in flight', () => refund(refunding, whole, now), []],
  ['refund, refunded', () => refund(refunded, whole, now), ['refunded']],
])('a repeated command changes nothing and gets its answer again: %s', (_title, repeat, facts) => {
  const before = [authorizing, authorized, capturing, captured, declined, voiding, voided, refunding, refunded];
  const change = repeat();
  expect(before).toContain(change.payment);
  expect([kinds(change.facts), change.intent]).toEqual([facts, undefined]);
});

test('the same id with other terms is refused', () => {
  for (const other of [{ amountMinor: 1 }, { currency: 'USD' }, { customerId: 'other' }]) {
    const error = thrown(() => authorizeAgain(authorized, 'order', { ...terms, ...other }, now));
    expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
  }
  expect(thrown(() => authorizeAgain(authorized, 'other', terms, now))?.code).toBe('PAYMENT_TRANSITION_ILLEGAL');
});

test('a refused capture leaves the authorization, and a repeated capture gets the same answer', () => {
  const { payment, facts } = settleOperation(capturing, no, now);
  expect([payment.status, kinds(facts)]).toEqual(['AUTHORIZED', ['capture-failed']]);
  expect(seen(capture(payment, now))).toEqual(['AUTHORIZED', ['capture-failed'], undefined]);
});

test('a capture before the authorization has an outcome: refused as retryable', () => {
  expect(thrown(() => capture(authorizing, now))).toMatchObject({
    code: 'PAYMENT_TRANSITION_ILLEGAL',
    retryable: true,
  });
  expect(thrown(() => capture(markUnclear(authorizing, now).payment, now))?.retryable).toBe(true);
});

describe('void', () => {
  test('before the authorize command: a void marker answers the command without the provider', () => {
    const marker = voidBeforeAuthorization({ id: 'payment', orderId: 'order', reason: 'cancelled', now });
    expect(seen(marker)).toEqual(['VOIDED', ['voided'], undefined]);
    const late = again(marker.payment);
    expect(seen(late)).toEqual(['VOIDED', ['voided'], undefined]);
    expect(late.payment.terms).toEqual(terms);
    expect(again(late.payment).payment).toBe(late.payment);
  });

  test('of an authorization that was never sent: withdrawn', () => {
    const change = requestVoid(authorizing, 'cancelled', false, now);
    expect([...seen(change), change.withdraw]).toEqual(['VOIDED', ['voided'], undefined, true]);
  });

  test('while the authorization is in flight: waits, then voids, without publishing "authorized"', () => {
    const waiting = requestVoid(authorizing, 'cancelled', true, now);
    expect(seen(waiting)).toEqual(['AUTHORIZING', [], undefined]);
    expect(requestVoid(waiting.payment, 'again', true, now).payment).toBe(waiting.payment);
    expect(seen(settleOperation(waiting.payment, ok, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('while the authorization is UNKNOWN: waits until it is resolved', () => {
    const waiting = requestVoid(markUnclear(authorizing, now).payment, 'cancelled', true, now);
    expect(seen(waiting)).toEqual(['UNKNOWN', [], undefined]);
    expect(seen(settleOperation(waiting.payment, ok, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('of a payment that turns out declined: publishes both', () => {
    const waiting = requestVoid(authorizing, 'cancelled', true, now).payment;
    expect(seen(settleOperation(waiting, { kind: 'declined', chargeId: null, reason: 'x' }, now))).toEqual([
      'DECLINED',
      ['declined', 'voided'],
      undefined,
    ]);
  });

  test('of a captured payment: refunds it under the payment id', () => {
    const change = requestVoid(captured, 'cancelled', true, now);
    expect(seen(change)).toEqual(['REFUNDING', [], 'REFUND']);
    expect(change.intent).toEqual({ kind: 'REFUND', refundId: 'payment', amountMinor: 1_000 });
  });

  test('while the capture is in flight: refunds after the capture, without publishing "captured"', () => {
    const waiting = requestVoid(capturing, 'cancelled', true, now).payment;
    expect(seen(settleOperation(waiting, done, now))).toEqual(['REFUNDING', [], 'REFUND']);
    expect(seen(settleOperation(waiting, no, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('refused because the charge was captured after all: refunds', () => {
    expect(seen(settleOperation(voiding, done, now))).toEqual(['REFUNDING', [], 'REFUND']);
  });

  test('refused for another reason: stays authorised, and a repeated command tries again', () => {
    const { payment, facts } = settleOperation(voiding, no, now);
    expect([payment.status, facts]).toEqual(['AUTHORIZED', []]);
    expect(seen(requestVoid(payment, 'cancelled', true, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('of a partly refunded payment: refunds what is left', () => {
    const partly = settleOperation(
      refund(captured, { ...whole, amountMinor: 300 }, now).payment,
      { kind: 'refunded' },
      now,
    ).payment;
    expect(partly.status).toBe('PARTIALLY_REFUNDED');
    expect(requestVoid(partly, 'cancelled', true, now).intent).toEqual({
      kind: 'REFUND',
      refundId: 'payment',
      amountMinor: 700,
    });
  });
});

describe('refund', () => {
  test('several are executed one after the other', () => {
    const first = refund(captured, { ...whole, amountMinor: 300 }, now).payment;
    const second = refund(first, { refundId: 'second', amountMinor: 700, reason: 'x' }, now);
    expect(seen(second)).toEqual(['REFUNDING', [], undefined]);
    const next = settleOperation(second.payment, { kind: 'refunded' }, now);
    expect(seen(next)).toEqual(['REFUNDING', ['refunded'], 'REFUND']);
    expect(next.intent?.refundId).toBe('second');
    expect(seen(settleOperation(next.payment, { kind: 'refunded' }, now))).toEqual([
      'REFUNDED',
      ['refunded'],
      undefined,
    ]);
  });

  test('refused by the provider: FAILED, and the same refundId can be tried again', () => {
    const { payment, facts } = settleOperation(refunding, no, now);
    expect([payment.status, payment.refunds[0]?.status, facts]).toEqual(['CAPTURED', 'FAILED', []]);
    expect(seen(refund(payment, whole, now))).toEqual(['REFUNDING', [], 'REFUND']);
  });

  test('never more than was captured, pending ones included', () => {
    const first = refund(captured, { ...whole, amountMinor: 300 }, now).payment;
    const error = thrown(() => refund(first, { refundId: 'second', amountMinor: 701, reason: 'x' }, now));
    expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
  });

  test('the same refundId with another amount is refused', () => {
    const failed = settleOperation(refunding, no, now).payment;
    for (const payment of [refunding, refunded, failed]) {
      const error = thrown(() => refund(payment, { ...whole, amountMinor: 999 }, now));
      expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
    }
  });

  test('of money that a void has refunded already: nothing left to do', () => {
    const byVoid = settleOperation(
      requestVoid(captured, 'cancelled', true, now).payment,
      { kind: 'refunded' },
      now,
    ).payment;
    expect(seen(refund(byVoid, whole, now))).toEqual(['REFUNDED', ['refunded'], undefined]);
  });

  test('before any capture: illegal; while the capture is in flight: retryable', () => {
    expect(thrown(() => refund(authorized, whole, now))?.retryable).toBe(false);
    expect(thrown(() => refund(voided, whole, now))?.retryable).toBe(false);
    expect(thrown(() => refund(capturing, whole, now))?.retryable).toBe(true);
  });
});

test('UNKNOWN remembers its operation, and every kind of operation can be settled from it', () => {
  for (const [payment, outcome, status] of [
    [authorizing, ok, 'AUTHORIZED'],
    [capturing, done, 'CAPTURED'],
    [voiding, { kind: 'voided' }, 'VOIDED'],
    [refunding, { kind: 'refunded' }, 'REFUNDED'],
  ] as const) {
    const unclear = markUnclear(payment, now).payment;
    expect([unclear.status, unclear.inFlight]).toEqual(['UNKNOWN', payment.inFlight]);
    expect(markUnclear(unclear, now).payment).toBe(unclear);
    expect(settleOperation(unclear, outcome, now).payment.status).toBe(status);
  }
});

test('settling twice changes nothing', () => {
  expect(settleOperation(authorized, ok, now)).toEqual({ payment: authorized, facts: [] });
});

test('the key of an operation names payment, kind and number', () => {
  expect(operationKey('p', 'AUTHORIZE', 2)).toBe('pay:p:authorize:2');
});
