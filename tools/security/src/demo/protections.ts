import type { Protection } from '../prove/protections.js';

const placeOrder = 'apps/order/src/application/place-order.ts';
const signature = 'apps/payment/src/adapters/http/psp-signature.ts';

/** What protects orders, payments and webhooks. */
export const demoProtections: readonly Protection[] = [
  {
    about: 'an order belongs to its customer',
    file: 'apps/order/src/application/owner-check.ts',
    search: 'if (!order || !reaches(reach, order.customerId))',
    replacement: 'if (!order)',
    attack: 'authorization/other-customer',
  },
  {
    about: 'a payment belongs to its customer',
    file: 'apps/payment/src/application/read-payment.ts',
    search: 'if (!found || !reaches(reach, found.customerId))',
    replacement: 'if (!found)',
    attack: 'authorization/other-customer',
  },
  {
    about: 'an idempotency key is that of its customer',
    file: placeOrder,
    search: "subject: customerId, route: 'POST /v1/orders'",
    replacement: "subject: 'everybody', route: 'POST /v1/orders'",
    attack: 'authorization/other-customer',
  },
  {
    about: 'an order is placed once for one idempotency key, also at the same instant',
    file: placeOrder,
    search: "route: 'POST /v1/orders', key: idempotencyKey",
    replacement: "route: 'POST /v1/orders', key: `${idempotencyKey} ${Math.random()}`",
    attack: 'money/races',
  },
  {
    about: 'a webhook is signed',
    file: signature,
    search: 'if (!matches.includes(true)) throw new SignatureInvalid();',
    replacement: '',
    attack: 'webhooks/forged',
  },
  {
    about: 'a signature of a webhook expires',
    file: signature,
    search: '> toleranceSeconds)',
    replacement: '> 1e12)',
    attack: 'webhooks/forged',
  },
  {
    about: 'what a webhook says is not believed',
    file: 'apps/payment/src/application/receive-webhook.ts',
    search: 'tx.operations.makeDueNow(reference)',
    replacement:
      'tx.payments.forUpdate(reference).then((is) => is && tx.payments.save({ ...is, declineReason: "stolen", version: is.version + 1 }, is)).then(() => false)',
    attack: 'webhooks/forged',
  },
  {
    about: 'a customer has a limited number of event streams',
    file: 'apps/gateway/src/order-events/stream-slots.ts',
    search: 'if (before >= this.max)',
    replacement: 'if (before < 0)',
    attack: 'streams/flood',
  },
  {
    about: 'all customers together have a limited number of event streams',
    file: 'apps/gateway/src/order-events/stream-slots.ts',
    search: 'if (this.open >= this.inAll)',
    replacement: 'if (this.open < 0)',
    attack: 'streams/flood',
  },
  {
    about: 'an event stream ends with its token',
    file: 'apps/gateway/src/order-events/order-events.controller.ts',
    search: 'expiresAt * 1_000 - Date.now()',
    replacement: 'expiresAt * 1_000',
    attack: 'streams/flood',
  },
];
