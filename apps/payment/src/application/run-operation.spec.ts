import { paymentAuthorized, paymentRefunded } from '@causeway/contracts';
import { DatabaseUnavailable } from '@causeway/persistence';
import { FakePaymentProvider } from '../testing/fake-payment-provider.js';
import { openCardToken, sealCardToken } from '../testing/card-keys.js';
import { InMemoryPayments } from '../testing/in-memory-payments.js';
import { AuthorizePayment } from './authorize-payment.js';
import { CapturePayment } from './capture-payment.js';
import type { PaymentUnitOfWork } from './ports.js';
import { ReceiveWebhook } from './receive-webhook.js';
import { RefundPayment } from './refund-payment.js';
import { RunOperation } from './run-operation.js';
import { VoidPayment } from './void-payment.js';

const paymentId = '0190aaaa-0000-7000-8000-000000000001';
const orderId = '0190aaaa-0000-7000-8000-000000000002';
const refundId = '0190aaaa-0000-7000-8000-000000000003';
const target = { paymentId, orderId };
const leaseMs = 35_000;
const hour = 3_600_000;

let db: InMemoryPayments;
let psp: FakePaymentProvider;
let run: RunOperation;
let messages = 0;

beforeEach(() => {
  db = new InMemoryPayments();
  psp = new FakePaymentProvider();
  run = new RunOperation(db.uow, psp, openCardToken, db.now, { random: () => 1 });
});

const delivery = () => ({ consumer: 'payment', messageId: `message-${++messages}` });
const authorize = async (cardToken = 'tok_success', from = delivery()) => {
  const sealedCardToken = await sealCardToken(cardToken, paymentId);
  const command = { ...target, customerId: orderId, amountMinor: 1_000, currency: 'EUR', sealedCardToken };
  return new AuthorizePayment(db.uow, openCardToken, db.now).execute(command, from);
};
const capture = () => new CapturePayment(db.uow, db.now).execute(target, delivery());
const cancel = () => new VoidPayment(db.uow, db.now).execute({ ...target, reason: 'cancelled' }, delivery());
const refund = (amountMinor = 1_000) =>
  new RefundPayment(db.uow, db.now).execute({ ...target, refundId, amountMinor, reason: 'returned' }, delivery());
const webhook = () =>
  new ReceiveWebhook(db.uow).execute({
    id: 'evt_1',
    type: 'charge.authorized',
    createdAt: '2026-11-21T10:00:00Z',
    data: { chargeId: 'ch_1', reference: paymentId },
  });
const status = () => db.payment(paymentId)?.status;
/** Executes everything that is due, and what becomes due by that, while the clock stands still. */
const work = async () => {
  for (let due = await db.claim(10, leaseMs); due.length > 0; due = await db.claim(10, leaseMs)) {
    for (const operation of due) await run.execute(operation);
  }
};
/** Advances the clock to the next execution and runs it. @returns The wait, milliseconds. */
const next = async () => {
  const [operation] = db.open(paymentId);
  db.pass(operation?.inMs ?? 0);
  await work();
  return operation?.inMs;
};

test('a command stores the operation; the worker executes it and publishes the outcome', async () => {
  await authorize();
  expect([status(), psp.sent, db.published()]).toEqual(['AUTHORIZING', [], []]);
  await work();
  expect([status(), psp.sent]).toEqual(['AUTHORIZED', [`pay:${paymentId}:authorize:1`]]);
  expect(db.events(paymentAuthorized)).toMatchObject([{ ...target, version: 2, amountMinor: 1_000, currency: 'EUR' }]);
});

test("a declined card ends in DECLINED, with the provider's reason", async () => {
  await authorize('tok_insufficient_funds');
  await work();
  expect([status(), db.payment(paymentId)?.declineReason, db.published()]).toEqual([
    'DECLINED',
    'insufficient_funds',
    ['declined'],
  ]);
});

test('the card token is erased once the authorization is settled', async () => {
  await authorize();
  const sealed = db.uow.state.operations[0]?.sealedCardToken ?? '';
  expect(sealed).not.toContain('tok_success');
  await expect(openCardToken(sealed, paymentId)).resolves.toBe('tok_success');
  await work();
  expect(db.uow.state.operations[0]?.sealedCardToken).toBeNull();
});

test('a card token that was sealed for another payment authorizes nothing', async () => {
  const sealedCardToken = await sealCardToken('tok_success', refundId);
  const command = { ...target, customerId: orderId, amountMinor: 1_000, currency: 'EUR', sealedCardToken };
  const stolen = new AuthorizePayment(db.uow, openCardToken, db.now).execute(command, delivery());
  await expect(stolen).rejects.toMatchObject({ code: 'SEALED_VALUE_INVALID', retryable: false });
  expect(db.payment(paymentId)).toBeUndefined();
});

test('a private key is removed too early: nothing is sent until it is back', async () => {
  await authorize();
  const lost = new RunOperation(db.uow, psp, async () => Promise.reject(new Error('gone')), db.now, {
    random: () => 1,
  });
  const [operation] = await db.claim(1, leaseMs);
  await lost.execute(operation!);
  expect([status(), psp.ledger]).toEqual(['AUTHORIZING', []]);
  await next();
  expect([status(), psp.ledger]).toEqual(['AUTHORIZED', ['authorize 1000']]);
});

test('the same message twice is handled once; the same command in a new message gets its answer again', async () => {
  const same = delivery();
  await authorize('tok_success', same);
  await authorize('tok_success', same);
  await work();
  await authorize();
  await work();
  expect([psp.ledger, db.published()]).toEqual([['authorize 1000'], ['authorized', 'authorized']]);
});

test('the provider hangs up after charging: the repetition with the same key finds the charge, and the card is charged once', async () => {
  await authorize('tok_charged_then_dropped');
  await work();
  expect(status()).toBe('AUTHORIZING');
  await next();
  expect([status(), psp.ledger, psp.sent.length, new Set(psp.sent).size]).toEqual([
    'AUTHORIZED',
    ['authorize 1000'],
    2,
    1,
  ]);
});

test('the provider answers 500 after charging: UNKNOWN after three attempts, resolved by reading after 5 s', async () => {
  await authorize('tok_error_after_charge');
  await work();
  await next();
  await next();
  expect([status(), psp.sent.length, db.published()]).toEqual(['UNKNOWN', 3, []]);
  expect(await next()).toBe(5_000);
  expect([status(), psp.sent.length, psp.ledger, db.published()]).toEqual([
    'AUTHORIZED',
    3,
    ['authorize 1000'],
    ['authorized'],
  ]);
});

test('a slow provider: UNKNOWN until it is done; readings after 5 s, 30 s, 2 min, 10 min, then hourly', async () => {
  await authorize('tok_slow');
  await work();
  await next();
  await next();
  const waits = [];
  for (let reading = 0; reading < 6; reading++) waits.push(await next());
  expect([status(), waits]).toEqual(['UNKNOWN', [5_000, 30_000, 120_000, 600_000, hour, hour]]);
  psp.finishSlow();
  await next();
  expect([status(), psp.ledger]).toEqual(['AUTHORIZED', ['authorize 1000']]);
});

test('UNKNOWN, and the provider has no trace of the operation: sent again with the same key', async () => {
  await authorize();
  for (let attempt = 0; attempt < 3; attempt++) {
    await db.claim(1, leaseMs); // The worker dies before it calls the provider.
    db.pass(leaseMs);
  }
  await work();
  expect([status(), psp.sent]).toEqual(['AUTHORIZED', [`pay:${paymentId}:authorize:1`]]);
});

test('UNKNOWN ends as DECLINED only after 24 h, if the provider still has no trace of the operation', async () => {
  await authorize('tok_slow');
  await work();
  while (db.now().getTime() < Date.parse('2026-11-22T09:00:00Z')) await next();
  expect(status()).toBe('UNKNOWN');
  db.pass(2 * hour);
  await work();
  expect([status(), db.published()]).toEqual(['DECLINED', ['declined']]);
});

test('a webhook makes the reading of an UNKNOWN payment due now; the same event a second time is harmless', async () => {
  await authorize('tok_error_after_charge');
  await work();
  await next();
  await next();
  expect(status()).toBe('UNKNOWN');
  await webhook();
  await work();
  expect(status()).toBe('AUTHORIZED');
  await webhook();
  await work();
  expect([status(), db.published()]).toEqual(['AUTHORIZED', ['authorized']]);
});

test('a webhook alone changes nothing: its content is not trusted', async () => {
  await authorize('tok_slow');
  await work();
  await webhook();
  expect([status(), db.published()]).toEqual(['AUTHORIZING', []]);
});

test('a provider that is down: nothing becomes UNKNOWN, and the operation succeeds once it is back', async () => {
  psp.down = true;
  await authorize();
  await work();
  for (let attempt = 0; attempt < 10; attempt++) await next();
  expect(status()).toBe('AUTHORIZING');
  psp.down = false;
  await next();
  expect([status(), psp.ledger]).toEqual(['AUTHORIZED', ['authorize 1000']]);
});

test('a void while the provider is down withdraws the operation that was never sent', async () => {
  psp.down = true;
  await authorize();
  await work();
  await cancel();
  expect([status(), db.published(), db.open(paymentId)]).toEqual(['VOIDED', ['voided'], []]);
});

test('a worker dies during a call: another takes over when the lease expires, with the same key', async () => {
  await authorize();
  const [lost] = await db.claim(1, leaseMs);
  await psp.authorize(lost!.key, {
    reference: paymentId,
    amountMinor: 1_000,
    currency: 'EUR',
    paymentMethodToken: 'tok_success',
  });
  await work();
  expect(status()).toBe('AUTHORIZING');
  db.pass(leaseMs);
  await work();
  expect([status(), psp.ledger, new Set(psp.sent).size]).toEqual(['AUTHORIZED', ['authorize 1000'], 1]);
});

test('a worker that returns after its lease changes nothing', async () => {
  await authorize();
  const [late] = await db.claim(1, leaseMs);
  db.pass(leaseMs);
  await work();
  await run.execute(late!);
  expect([status(), psp.ledger, db.published()]).toEqual(['AUTHORIZED', ['authorize 1000'], ['authorized']]);
});

test('authorize, capture, refund', async () => {
  await authorize();
  await work();
  await capture();
  await work();
  await refund();
  await work();
  expect([status(), psp.ledger]).toEqual(['REFUNDED', ['authorize 1000', 'capture 1000', 'refund 1000']]);
  expect(db.events(paymentRefunded)).toMatchObject([{ refundId, amountMinor: 1_000, reason: 'returned' }]);
  await refund();
  await work();
  expect([psp.ledger.length, db.published()]).toEqual([3, ['authorized', 'captured', 'refunded', 'refunded']]);
});

test('a void before its authorize command: the card is never charged', async () => {
  await cancel();
  await authorize();
  await work();
  expect([status(), psp.sent, db.published()]).toEqual(['VOIDED', [], ['voided', 'voided']]);
});

test('a void of an UNKNOWN payment waits until it is resolved, then voids', async () => {
  await authorize('tok_error_after_charge');
  await work();
  await next();
  await next();
  await cancel();
  await work();
  expect([status(), db.published()]).toEqual(['UNKNOWN', []]);
  await next();
  expect([status(), psp.ledger, db.published()]).toEqual(['VOIDED', ['authorize 1000', 'void 1000'], ['voided']]);
});

test('a void of a captured payment refunds the money', async () => {
  await authorize();
  await work();
  await capture();
  await work();
  await cancel();
  await work();
  expect([status(), psp.ledger.at(-1), db.published()]).toEqual([
    'REFUNDED',
    'refund 1000',
    ['authorized', 'captured', 'refunded'],
  ]);
});

test('refused because it is already done: the status of the charge decides', async () => {
  await authorize();
  await work();
  await psp.capture('another client', 'ch_1');
  await capture();
  await work();
  expect([status(), db.published()]).toEqual(['CAPTURED', ['authorized', 'captured']]);
});

test('a capture of a charge that the provider has voided publishes capture-failed and voided', async () => {
  await authorize();
  await work();
  await psp.void('another client', 'ch_1');
  await capture();
  await work();
  expect([status(), db.published()]).toEqual(['VOIDED', ['authorized', 'capture-failed', 'voided']]);
});

test('commands for a payment that does not exist are refused as not retryable', async () => {
  await expect(capture()).rejects.toMatchObject({ code: 'PAYMENT_UNKNOWN', retryable: false });
  await expect(refund()).rejects.toMatchObject({ code: 'PAYMENT_UNKNOWN', retryable: false });
});

test.each(['capture', 'void', 'refund'] as const)(
  'a %s for another order changes nothing and does not call the provider',
  async (command) => {
    await authorize();
    await work();
    if (command === 'refund') await capture();
    await work();
    const [before, sent] = [db.payment(paymentId), psp.sent.length];
    const other = { paymentId, orderId: refundId };
    const commands = {
      capture: () => new CapturePayment(db.uow, db.now).execute(other, delivery()),
      void: () => new VoidPayment(db.uow, db.now).execute({ ...other, reason: 'x' }, delivery()),
      refund: () =>
        new RefundPayment(db.uow, db.now).execute({ ...other, refundId, amountMinor: 1_000, reason: 'x' }, delivery()),
    };
    await expect(commands[command]()).rejects.toMatchObject({ code: 'PAYMENT_TRANSITION_ILLEGAL', retryable: false });
    await work();
    expect([db.payment(paymentId), psp.sent.length]).toEqual([before, sent]);
  },
);

describe('a database that is down when the outcome is known', () => {
  /** Fails the first `times` transactions. */
  const failing = (times: number): PaymentUnitOfWork =>
    new Proxy(db.uow, {
      get: (target, name) =>
        name === 'run' && times-- > 0
          ? () => Promise.reject(new DatabaseUnavailable({ outcome: 'unknown' }))
          : Reflect.get(target, name, target),
    });
  const runWith = (times: number) =>
    new RunOperation(failing(times), psp, openCardToken, db.now, { random: () => 1, pause: () => Promise.resolve() });

  test('storing is retried while the claim is held; the provider is called once', async () => {
    await authorize();
    const [operation] = await db.claim(1, leaseMs);
    let asked = 0;
    const ask = psp.authorize.bind(psp);
    psp.authorize = (...call) => ((asked += 1), ask(...call));
    await runWith(5).execute(operation!, { isHeld: () => true });
    expect([status(), asked]).toEqual(['AUTHORIZED', 1]);
  });

  test('and ends with an error once the claim is no longer held', async () => {
    await authorize();
    const [operation] = await db.claim(1, leaseMs);
    let left = 3;
    const work = runWith(Infinity).execute(operation!, { isHeld: () => left-- > 0 });
    await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(left).toBe(-1);
  });
});
