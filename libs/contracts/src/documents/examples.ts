import {
  ada,
  cancelling,
  captured,
  captureReport,
  confirmation,
  confirmed,
  history,
  home,
  homeView,
  kettle,
  password,
  placed,
} from './example-data.js';

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

/** Example bodies of the operations that have any, by `operationId`. */
export const bodyExamples: Readonly<Record<string, { readonly request?: unknown; readonly response?: unknown }>> = {
  registerUser: { request: { email: ada.email, password, displayName: ada.displayName }, response: ada },
  getMe: { response: ada },
  changeMe: { request: { displayName: 'Ada King' }, response: { ...ada, displayName: 'Ada King', version: 2 } },
  listAddresses: { response: { items: [homeView] } },
  addAddress: { request: home, response: homeView },
  getAddress: { response: homeView },
  changeAddress: {
    request: { ...home, label: 'Home, until spring' },
    response: { ...homeView, label: 'Home, until spring', version: 2 },
  },
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
