import type { OrderHistory, OrderView, ProductView } from '../http/orders.js';
import type { OrderChange } from '../http/order-events.js';
import type { PaymentView, PspWebhookBody } from '../http/payments.js';
import { ada, homeView, parcel } from './example-data.js';

/** One order of the customer of `example-data.ts`. */

const orderId = '0193a7c2-8f10-7b61-9c35-2f6f0b7d4e11';
const paymentId = '0193a7c2-8f12-7d0a-8e47-51b3c0a99f20';

export const kettle: ProductView = {
  id: '01939f00-0000-7000-8000-000000000001',
  name: 'Pour-over kettle',
  description: 'Gooseneck, 0.9 l, holds its temperature for an hour',
  priceMinor: 5_990,
  currency: 'EUR',
  available: 40,
  version: 3,
};

export const placed: OrderView = {
  id: orderId,
  status: 'PENDING_PAYMENT',
  currency: 'EUR',
  totalMinor: 11_980,
  lines: [{ productId: kettle.id, name: kettle.name, quantity: 2, unitPriceMinor: kettle.priceMinor }],
  shippingAddress: parcel,
  paymentId,
  reason: null,
  givenReason: null,
  version: 1,
  placedAt: '2026-11-21T10:04:05.120Z',
  updatedAt: '2026-11-21T10:04:05.120Z',
};
export const confirmed: OrderView = {
  ...placed,
  status: 'CONFIRMED',
  version: 3,
  updatedAt: '2026-11-21T10:04:05.410Z',
};
export const cancelling: OrderView = {
  ...confirmed,
  status: 'CANCELLING',
  reason: 'cancelled by the customer',
  givenReason: 'ordered by mistake',
  version: 4,
  updatedAt: '2026-11-21T10:09:30.000Z',
};
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
export const history: OrderHistory = {
  items: [
    {
      version: placed.version,
      from: null,
      status: placed.status,
      step: 'authorize',
      reason: null,
      event: 'order.evt.placed.v1',
      occurredAt: placed.placedAt,
      cause: { kind: 'request', name: 'POST /v1/orders', id: '7f9c2ba4-e88f-4d1e-9b3f-2f1d6a4c8e55' },
      traceId,
    },
    {
      version: 2,
      from: placed.status,
      status: 'AUTHORIZED',
      step: 'capture',
      reason: null,
      event: null,
      occurredAt: '2026-11-21T10:04:05.290Z',
      cause: { kind: 'message', name: 'payment.evt.authorized.v1', id: '0193a7c2-90a1-7d53-b1c7-5e0a4f6b2d18' },
      traceId,
    },
    {
      version: confirmed.version,
      from: 'AUTHORIZED',
      status: confirmed.status,
      step: null,
      reason: null,
      event: 'order.evt.confirmed.v1',
      occurredAt: confirmed.updatedAt,
      cause: { kind: 'message', name: 'payment.evt.captured.v1', id: '0193a7c2-9120-7e02-a4d9-0c61be7f93a5' },
      traceId,
    },
  ],
};
export const confirmation: OrderChange = {
  type: 'order.evt.confirmed.v1',
  orderId,
  status: 'CONFIRMED',
  version: confirmed.version,
  occurredAt: confirmed.updatedAt,
};

export const captured: PaymentView = {
  id: paymentId,
  orderId,
  status: 'CAPTURED',
  amountMinor: placed.totalMinor,
  currency: 'EUR',
  refundedMinor: 0,
  declineReason: null,
  refunds: [],
  version: 3,
  createdAt: '2026-11-21T10:04:05.180Z',
  updatedAt: '2026-11-21T10:04:05.390Z',
};

export const captureReport: PspWebhookBody = {
  id: 'evt_5mK2QvH8',
  type: 'charge.captured',
  createdAt: '2026-11-21T10:04:05.380Z',
  data: { chargeId: 'ch_9Zt4Xw1L', reference: paymentId },
};

const eventStream = [
  'retry: 1200',
  `id: ${placed.version}`,
  'event: snapshot',
  `data: ${JSON.stringify(placed)}`,
  '',
  `id: ${confirmation.version}`,
  'event: order',
  `data: ${JSON.stringify(confirmation)}`,
  '',
  '',
].join('\n');

/** Example bodies of the operations of the demo, by `operationId`. */
export const demoExamples: Readonly<Record<string, { readonly request?: unknown; readonly response?: unknown }>> = {
  listProducts: { response: { items: [kettle], nextCursor: null } },
  getProduct: { response: kettle },
  setStock: { request: { available: 60 }, response: { ...kettle, available: 60, version: kettle.version + 1 } },
  placeOrder: {
    request: {
      items: [{ productId: kettle.id, quantity: 2 }],
      shippingAddressId: homeView.id,
      paymentMethodToken: 'tok_success',
    },
    response: placed,
  },
  listOrders: { response: { items: [confirmed], nextCursor: null } },
  getOrder: { response: confirmed },
  getOrderHistory: { response: history },
  cancelOrder: { request: { reason: 'ordered by mistake' }, response: cancelling },
  getOrderOverview: {
    response: {
      order: { available: true, data: confirmed },
      history: { available: true, data: history },
      payment: {
        available: false,
        code: 'CIRCUIT_OPEN',
        detail: 'calls to http.payment are suspended after too many failures',
      },
      customer: { available: true, data: { id: ada.id, displayName: ada.displayName, email: ada.email } },
    },
  },
  followOrder: { response: eventStream },
  getPayment: { response: captured },
  receivePspWebhook: { request: captureReport },
};
