import { authorize, authorizeAgain, capture, refund, requestVoid, voidBeforeAuthorization } from './commands.js';
import { operationKey, type PaymentChange, type PaymentFact, type ProviderOutcome, type Payment } from './payment.js';
import { markUnclear, settle } from './settlement.js';

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
const authorized = settle(authorizing, ok, now).payment;
const capturing = capture(authorized, now).payment;
const captured = settle(capturing, done, now).payment;
const declined = settle(authorizing, { kind: 'declined', chargeId: 'ch_1', reason: 'card_declined' }, now).payment;
const voiding = requestVoid(authorized, 'cancelled', true, now).payment;
const voided = settle(voiding, { kind: 'voided' }, now).payment;
const refunding = refund(captured, whole, now).payment;
const refunded = settle(refunding, { kind: 'refunded' }, now).payment;
const again = (payment: Payment) => authorizeAgain(payment, 'order', terms, now);

test('from authorise to refund: each step asks the provider, each answer tells the world', () => {
  expect(seen(authorize({ id: 'payment', orderId: 'order', terms, now }))).toEqual(['AUTHORIZING', [], 'AUTHORIZE']);
  expect(seen(settle(authorizing, ok, now))).toEqual(['AUTHORIZED', ['authorized'], undefined]);
  expect(seen(capture(authorized, now))).toEqual(['CAPTURING', [], 'CAPTURE']);
  expect(seen(settle(capturing, done, now))).toEqual(['CAPTURED', ['captured'], undefined]);
  expect(seen(refund(captured, whole, now))).toEqual(['REFUNDING', [], 'REFUND']);
  expect(seen(settle(refunding, { kind: 'refunded' }, now))).toEqual(['REFUNDED', ['refunded'], undefined]);
  expect([refunded.refundedMinor, refunded.inFlight, refunded.chargeId]).toEqual([1_000, null, 'ch_1']);
});

test('the version counts every change', () => {
  expect([authorizing, authorized, capturing, captured].map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

test.each<[string, () => PaymentChange, PaymentFact['kind'][]]>([
  ['authorise, in flight', () => again(authorizing), []],
  ['authorise, authorised', () => again(authorized), ['authorized']],
  ['authorise, captured', () => again(captured), ['authorized']],
  ['authorise, declined', () => again(declined), ['declined']],
  ['authorise, voided', () => again(voided), ['voided']],
  ['authorise, refunded', () => again(refunded), ['refunded']],
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
])('a repeated command changes nothing and is answered again: %s', (_title, repeat, facts) => {
  const before = [authorizing, authorized, capturing, captured, declined, voiding, voided, refunding, refunded];
  const change = repeat();
  expect(before).toContain(change.payment);
  expect([kinds(change.facts), change.intent]).toEqual([facts, undefined]);
});

test('the same id with other terms is another payment, and refused', () => {
  for (const other of [{ amountMinor: 1 }, { currency: 'USD' }, { customerId: 'other' }]) {
    const error = thrown(() => authorizeAgain(authorized, 'order', { ...terms, ...other }, now));
    expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
  }
  expect(thrown(() => authorizeAgain(authorized, 'other', terms, now))?.code).toBe('PAYMENT_TRANSITION_ILLEGAL');
});

test('a refused capture leaves the authorisation, and a repeated capture is answered the same way', () => {
  const { payment, facts } = settle(capturing, no, now);
  expect([payment.status, kinds(facts)]).toEqual(['AUTHORIZED', ['capture-failed']]);
  expect(seen(capture(payment, now))).toEqual(['AUTHORIZED', ['capture-failed'], undefined]);
});

test('a capture waits for the authorisation: the command is worth repeating', () => {
  expect(thrown(() => capture(authorizing, now))).toMatchObject({
    code: 'PAYMENT_TRANSITION_ILLEGAL',
    retryable: true,
  });
  expect(thrown(() => capture(markUnclear(authorizing, now).payment, now))?.retryable).toBe(true);
});

describe('void', () => {
  test('before the authorise command: remembered, and the command is answered without asking the provider', () => {
    const never = voidBeforeAuthorization({ id: 'payment', orderId: 'order', reason: 'cancelled', now });
    expect(seen(never)).toEqual(['VOIDED', ['voided'], undefined]);
    const late = again(never.payment);
    expect(seen(late)).toEqual(['VOIDED', ['voided'], undefined]);
    expect(late.payment.terms).toEqual(terms);
    expect(again(late.payment).payment).toBe(late.payment);
  });

  test('of an authorisation that was never sent: withdrawn', () => {
    const change = requestVoid(authorizing, 'cancelled', false, now);
    expect([...seen(change), change.withdraw]).toEqual(['VOIDED', ['voided'], undefined, true]);
  });

  test('while the authorisation is in flight: waits, then voids, without telling "authorized"', () => {
    const waiting = requestVoid(authorizing, 'cancelled', true, now);
    expect(seen(waiting)).toEqual(['AUTHORIZING', [], undefined]);
    expect(requestVoid(waiting.payment, 'again', true, now).payment).toBe(waiting.payment);
    expect(seen(settle(waiting.payment, ok, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('while the authorisation is UNKNOWN: waits for the resolution', () => {
    const waiting = requestVoid(markUnclear(authorizing, now).payment, 'cancelled', true, now);
    expect(seen(waiting)).toEqual(['UNKNOWN', [], undefined]);
    expect(seen(settle(waiting.payment, ok, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('of what turns out declined: both are told', () => {
    const waiting = requestVoid(authorizing, 'cancelled', true, now).payment;
    expect(seen(settle(waiting, { kind: 'declined', chargeId: null, reason: 'x' }, now))).toEqual([
      'DECLINED',
      ['declined', 'voided'],
      undefined,
    ]);
  });

  test('of a captured payment: refunds it, under an id of its own', () => {
    const change = requestVoid(captured, 'cancelled', true, now);
    expect(seen(change)).toEqual(['REFUNDING', [], 'REFUND']);
    expect(change.intent).toEqual({ kind: 'REFUND', refundId: 'payment', amountMinor: 1_000 });
  });

  test('while the capture is in flight: refunds once it is captured, without telling "captured"', () => {
    const waiting = requestVoid(capturing, 'cancelled', true, now).payment;
    expect(seen(settle(waiting, done, now))).toEqual(['REFUNDING', [], 'REFUND']);
    expect(seen(settle(waiting, no, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('refused because it was captured after all: refunds', () => {
    expect(seen(settle(voiding, done, now))).toEqual(['REFUNDING', [], 'REFUND']);
  });

  test('refused for another reason: stays authorised, and a repeated command tries again', () => {
    const { payment, facts } = settle(voiding, no, now);
    expect([payment.status, facts]).toEqual(['AUTHORIZED', []]);
    expect(seen(requestVoid(payment, 'cancelled', true, now))).toEqual(['VOIDING', [], 'VOID']);
  });

  test('of a partly refunded payment: refunds what is left', () => {
    const partly = settle(
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
    const next = settle(second.payment, { kind: 'refunded' }, now);
    expect(seen(next)).toEqual(['REFUNDING', ['refunded'], 'REFUND']);
    expect(next.intent?.refundId).toBe('second');
    expect(seen(settle(next.payment, { kind: 'refunded' }, now))).toEqual(['REFUNDED', ['refunded'], undefined]);
  });

  test('refused by the provider: told as FAILED, and the same refundId can be tried again', () => {
    const { payment, facts } = settle(refunding, no, now);
    expect([payment.status, payment.refunds[0]?.status, facts]).toEqual(['CAPTURED', 'FAILED', []]);
    expect(seen(refund(payment, whole, now))).toEqual(['REFUNDING', [], 'REFUND']);
  });

  test('never more than was captured, pending ones included', () => {
    const first = refund(captured, { ...whole, amountMinor: 300 }, now).payment;
    const error = thrown(() => refund(first, { refundId: 'second', amountMinor: 701, reason: 'x' }, now));
    expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
  });

  test('the same refundId with another amount is another refund, and refused', () => {
    const failed = settle(refunding, no, now).payment;
    for (const payment of [refunding, refunded, failed]) {
      const error = thrown(() => refund(payment, { ...whole, amountMinor: 999 }, now));
      expect(error).toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
    }
  });

  test('of what a void has given back already is fulfilled', () => {
    const byVoid = settle(requestVoid(captured, 'cancelled', true, now).payment, { kind: 'refunded' }, now).payment;
    expect(seen(refund(byVoid, whole, now))).toEqual(['REFUNDED', ['refunded'], undefined]);
  });

  test('of nothing captured is illegal; while the capture is open it is worth repeating', () => {
    expect(thrown(() => refund(authorized, whole, now))?.retryable).toBe(false);
    expect(thrown(() => refund(voided, whole, now))?.retryable).toBe(false);
    expect(thrown(() => refund(capturing, whole, now))?.retryable).toBe(true);
  });
});

test('UNKNOWN remembers what it is about, and any step can be settled from it', () => {
  for (const [payment, outcome, status] of [
    [authorizing, ok, 'AUTHORIZED'],
    [capturing, done, 'CAPTURED'],
    [voiding, { kind: 'voided' }, 'VOIDED'],
    [refunding, { kind: 'refunded' }, 'REFUNDED'],
  ] as const) {
    const lost = markUnclear(payment, now).payment;
    expect([lost.status, lost.inFlight]).toEqual(['UNKNOWN', payment.inFlight]);
    expect(markUnclear(lost, now).payment).toBe(lost);
    expect(settle(lost, outcome, now).payment.status).toBe(status);
  }
});

test('settling twice changes nothing', () => {
  expect(settle(authorized, ok, now)).toEqual({ payment: authorized, facts: [] });
});

test('the key of an operation names payment, step and number', () => {
  expect(operationKey('p', 'AUTHORIZE', 2)).toBe('pay:p:authorize:2');
});
