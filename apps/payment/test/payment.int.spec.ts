import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { voidPayment } from '@causeway/contracts';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { listDeadLetters, NATS } from '@causeway/messaging';
import { signWebhook } from '../src/adapters/http/psp-signature.js';
import { ServiceProcess } from '../src/testing/service-process.js';
import { TestPayment, webhookSecret, PaymentService } from '../src/testing/payment-service.js';

expectDeclaredResponses();
let service: PaymentService;

beforeAll(async () => {
  service = await PaymentService.start();
}, 90_000);
afterAll(() => service?.end());

const payment = () => new TestPayment(service);
const authorized = async () => {
  const made = payment();
  await made.authorize();
  await made.reaches('AUTHORIZED');
  return made;
};

describe('commands', () => {
  test('authorize, capture, refund: one ledger entry and one event each, keys stored before the call', async () => {
    const it = await authorized();
    await it.capture();
    await it.reaches('CAPTURED');
    await it.refund(randomUUID());
    await it.reaches('REFUNDED');
    expect(await it.ledger()).toEqual(['authorize 1999', 'capture 1999', 'refund 1999']);
    expect(await it.published()).toEqual(['authorized', 'captured', 'refunded']);
    expect(await it.operations()).toMatchObject([
      { key: `pay:${it.id}:authorize:1`, status: 'SUCCEEDED', attempts: 1, card_token_sealed: null },
      { key: `pay:${it.id}:capture:1`, status: 'SUCCEEDED' },
      { key: `pay:${it.id}:refund:1`, status: 'SUCCEEDED' },
    ]);
  });

  test('events reach the broker', async () => {
    const it = await authorized();
    for (let tries = 0; tries < 100; tries++) {
      const pending = await service.rows(
        `SELECT 1 FROM causeway.outbox WHERE aggregate_id = $1 AND status <> 'published'`,
        it.id,
      );
      if (pending.length === 0) return;
      await sleep(50);
    }
    throw new Error('the event was not published');
  });

  test('a declined card', async () => {
    const it = payment();
    await it.authorize('tok_declined');
    await it.reaches('DECLINED');
    expect([await it.published(), await it.ledger()]).toEqual([['declined'], ['decline 1999']]);
  });

  test('duplicate commands get their answer again and move no money', async () => {
    const it = payment();
    await Promise.all([it.authorize(), it.authorize(), it.authorize()]);
    await it.reaches('AUTHORIZED');
    await it.authorize();
    expect((await it.publishes(2)).every((event) => event === 'authorized')).toBe(true);
    await Promise.all([it.capture(), it.capture()]);
    await it.reaches('CAPTURED');
    expect(await it.ledger()).toEqual(['authorize 1999', 'capture 1999']);
  });

  test('a void before its authorize command: the card is never charged', async () => {
    const it = payment();
    await it.void();
    await it.reaches('VOIDED');
    await it.authorize();
    expect(await it.publishes(2)).toEqual(['voided', 'voided']);
    expect([await it.status(), await it.ledger(), await it.operations()]).toEqual(['VOIDED', [], []]);
  });

  test('void and authorize at the same moment end without money taken, in either order', async () => {
    const many = Array.from({ length: 10 }, payment);
    await Promise.all(many.flatMap((it) => [it.authorize(), it.void()]));
    for (const it of many) {
      await it.reaches('VOIDED');
      expect([[], ['authorize 1999', 'void 1999']]).toContainEqual(await it.ledger());
    }
  });

  test('a void of a captured payment refunds the money', async () => {
    const it = await authorized();
    await it.capture();
    await it.reaches('CAPTURED');
    await it.void();
    await it.reaches('REFUNDED');
    expect(await it.published()).toEqual(['authorized', 'captured', 'refunded']);
  });

  test('a command for a payment that does not exist becomes a dead letter, and the next one is handled', async () => {
    const missing = payment();
    const messageId = await missing.capture();
    await authorized();
    const letters = () => listDeadLetters(service.app.get(NATS, { strict: false }));
    for (let tries = 0; tries < 100 && (await letters()).length === 0; tries++) await sleep(50);
    expect(await letters()).toMatchObject([{ messageId, code: 'PAYMENT_UNKNOWN', attempts: 1 }]);
  });
});

describe('a provider that fails', () => {
  test('the provider hangs up after charging: AUTHORIZED, with one ledger entry', async () => {
    const it = payment();
    await it.authorize('tok_charged_then_dropped');
    await it.reaches('AUTHORIZED');
    expect([await it.ledger(), await it.published()]).toEqual([['authorize 1999'], ['authorized']]);
    expect((await it.operations())[0]?.attempts).toBe(2);
  });

  test('the provider answers 500 after charging: UNKNOWN, then resolved by reading', async () => {
    const it = payment();
    await it.authorize('tok_error_after_charge');
    expect(await it.reaches('AUTHORIZED', 'DECLINED')).toEqual(['AUTHORIZING', 'UNKNOWN', 'AUTHORIZED']);
    expect(await it.ledger()).toEqual(['authorize 1999']);
    expect((await it.operations())[0]).toMatchObject({ attempts: 3, status: 'SUCCEEDED' });
  });

  test('a slow provider: UNKNOWN, then resolved once it is done', async () => {
    const it = payment();
    await it.authorize('tok_slow');
    expect(await it.reaches('AUTHORIZED', 'DECLINED')).toEqual(['AUTHORIZING', 'UNKNOWN', 'AUTHORIZED']);
    expect(await it.ledger()).toEqual(['authorize 1999']);
  });

  test('a void of an UNKNOWN payment waits until it is resolved', async () => {
    const it = payment();
    await it.authorize('tok_slow');
    await it.reaches('UNKNOWN');
    await it.void();
    await it.reaches('VOIDED');
    expect([await it.ledger(), await it.published()]).toEqual([['authorize 1999', 'void 1999'], ['voided']]);
  });
});

describe('GET /v1/payments/{id}', () => {
  const get = async (id: string, subject: string, scopes = ['payments:read']) => {
    const token = await service.issuer.sign(subject, { scopes });
    const response = await fetch(`${service.url}/v1/payments/${id}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('its customer sees the payment with its refunds', async () => {
    const it = await authorized();
    await it.capture();
    await it.reaches('CAPTURED');
    const refundId = randomUUID();
    await it.refund(refundId, 999);
    await it.reaches('PARTIALLY_REFUNDED');
    const { status, body } = await get(it.id, it.customerId);
    expect([status, body]).toMatchObject([
      200,
      {
        id: it.id,
        orderId: it.orderId,
        status: 'PARTIALLY_REFUNDED',
        amountMinor: 1_999,
        currency: 'EUR',
        refundedMinor: 999,
        declineReason: null,
        refunds: [{ id: refundId, amountMinor: 999, status: 'REFUNDED', reason: 'returned' }],
        version: expect.any(Number),
      },
    ]);
    expect(body).not.toHaveProperty('customerId');
  });

  test('for everyone else it does not exist', async () => {
    const it = await authorized();
    expect((await get(it.id, randomUUID())).status).toBe(404);
    expect((await get(randomUUID(), it.customerId)).status).toBe(404);
    expect(await get('nonsense', it.customerId)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
    expect(await get(it.id, it.customerId, [])).toMatchObject({ status: 403, body: { code: 'SCOPE_MISSING' } });
    expect((await fetch(`${service.url}/v1/payments/${it.id}`)).status).toBe(401);
  });

  test('support reads that of any customer, and a void marker is nobody’s', async () => {
    const it = await authorized();
    expect(await get(it.id, randomUUID(), ['payments:read-any'])).toMatchObject({ status: 200, body: { id: it.id } });
    const marker = randomUUID();
    await service.send(voidPayment, marker, { paymentId: marker, orderId: randomUUID(), reason: 'gave up' });
    while ((await service.rows('SELECT 1 FROM payments WHERE id = $1', marker)).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await get(marker, randomUUID(), ['payments:read-any'])).status).toBe(404);
  });
});

describe('POST /webhooks/psp', () => {
  const event = (reference: string, id = `evt_${randomUUID()}`) =>
    JSON.stringify({
      id,
      type: 'charge.authorized',
      createdAt: new Date().toISOString(),
      data: { chargeId: 'ch_1', reference },
    });
  const now = () => Math.floor(Date.now() / 1_000);
  const post = async (body: string, signature: string | undefined) => {
    const headers = {
      'content-type': 'application/json',
      ...(signature !== undefined && { 'psp-signature': signature }),
    };
    const response = await fetch(`${service.url}/webhooks/psp`, { method: 'POST', headers, body });
    const text = await response.text();
    return { status: response.status, code: text ? (JSON.parse(text) as { code: string }).code : undefined };
  };

  const isDue = async (id: string): Promise<boolean> => {
    const rows = await service.rows(
      `SELECT 1 FROM psp_operations WHERE payment_id = $1 AND (closed_at IS NOT NULL OR due_at <= now())`,
      id,
    );
    return rows.length > 0;
  };
  /** An UNKNOWN payment that is not due for an hour. */
  const unknown = async () => {
    const it = payment();
    await it.authorize('tok_error_after_charge');
    await it.reaches('UNKNOWN');
    await service.rows(`UPDATE psp_operations SET due_at = now() + interval '1 hour' WHERE payment_id = $1`, it.id);
    return it;
  };

  test('a webhook makes the reading of an UNKNOWN payment due now; it needs no token, and may be repeated', async () => {
    const it = await unknown();
    // Spaces: the signature covers the bytes, not the parsed JSON.
    const body = ` ${event(it.id)} `;
    const signature = signWebhook(body, webhookSecret, now());
    expect((await post(body, signature)).status).toBe(204);
    await it.reaches('AUTHORIZED');
    expect((await post(body, signature)).status).toBe(204);
  });

  test.each([
    ['of no payment', randomUUID()],
    ['of something else than a payment', 'order-7'],
    ['of a known payment', undefined],
  ])('a webhook %s changes nothing', async (_, reference) => {
    const body = event(reference ?? (await authorized()).id);
    const before = await service.rows('SELECT * FROM psp_operations ORDER BY id');
    expect(await post(body, signWebhook(body, webhookSecret, now()))).toEqual({ status: 204, code: undefined });
    expect(await service.rows('SELECT * FROM psp_operations ORDER BY id')).toEqual(before);
  });

  test('a bad, missing or old signature is refused, and has no effect', async () => {
    const it = await unknown();
    const body = event(it.id);
    expect(await post(body, signWebhook(body, 'an-unknown-secret', now()))).toEqual({
      status: 401,
      code: 'SIGNATURE_INVALID',
    });
    expect(await post(body, undefined)).toEqual({ status: 401, code: 'SIGNATURE_INVALID' });
    expect(await post(body, signWebhook(`${body} `, webhookSecret, now()))).toEqual({
      status: 401,
      code: 'SIGNATURE_INVALID',
    });
    expect(await post(body, signWebhook(body, webhookSecret, now() - 301))).toEqual({
      status: 401,
      code: 'SIGNATURE_TOO_OLD',
    });
    expect(await isDue(it.id)).toBe(false);
    const recorded = await service.rows(
      `SELECT outcome, details->>'code' AS code FROM causeway.security_events WHERE type = 'webhook.refused' ORDER BY id`,
    );
    expect(recorded.slice(-4)).toEqual(
      ['SIGNATURE_INVALID', 'SIGNATURE_INVALID', 'SIGNATURE_INVALID', 'SIGNATURE_TOO_OLD'].map((code) => ({
        outcome: 'denied',
        code,
      })),
    );
  });

  test('a signed webhook of the wrong shape, or without JSON, gets a problem document', async () => {
    expect(await post('{}', signWebhook('{}', webhookSecret, now()))).toEqual({
      status: 422,
      code: 'VALIDATION_FAILED',
    });
    for (const reference of ['a\u0000', '\ud800']) {
      const body = event(reference);
      expect(await post(body, signWebhook(body, webhookSecret, now()))).toEqual({
        status: 422,
        code: 'VALIDATION_FAILED',
      });
    }
    expect(await post('{', signWebhook('{', webhookSecret, now()))).toEqual({ status: 400, code: 'MALFORMED_REQUEST' });
  });
});

describe('an instance that goes away during a call', () => {
  beforeAll(() => service.stopApp());
  afterAll(() => service.startApp(), 30_000);

  const duringCall = async (timeoutMs: number) => {
    const instance = await ServiceProcess.start('payment', { ...service.env, PSP_TIMEOUT_MS: String(timeoutMs) });
    const it = payment();
    await it.authorize('tok_slow');
    const claimed = () =>
      service.rows('SELECT 1 FROM psp_operations WHERE payment_id = $1 AND lease IS NOT NULL', it.id);
    while ((await claimed()).length === 0) await sleep(10);
    await sleep(100);
    return { instance, it };
  };

  test('SIGTERM: it finishes the call and stores the outcome', async () => {
    const { instance, it } = await duringCall(5_000);
    expect(await instance.stop()).toBe(0);
    expect([await it.status(), await it.ledger()]).toEqual(['AUTHORIZED', ['authorize 1999']]);
    expect(await it.operations()).toMatchObject([{ status: 'SUCCEEDED', attempts: 1 }]);
  });

  test('SIGKILL: another instance repeats the operation with the same key, and the card is charged once', async () => {
    const { instance, it } = await duringCall(1_000);
    await instance.kill();
    expect([await it.status(), await it.ledger()]).toEqual(['AUTHORIZING', []]);
    const other = await ServiceProcess.start('payment', service.env);
    try {
      await it.reaches('AUTHORIZED');
      expect([await it.ledger(), await it.publishes(1)]).toEqual([['authorize 1999'], ['authorized']]);
      expect(await it.operations()).toMatchObject([{ key: `pay:${it.id}:authorize:1`, attempts: 2 }]);
    } finally {
      await other.kill();
    }
  });
});
