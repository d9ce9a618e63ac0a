import { randomUUID } from 'node:crypto';
import type { AddressBody, SessionView } from '@causeway/contracts';
// demo
import { Shopper } from '@causeway/demo-client';
// end demo
import { Customer, type ApiRequest } from '@causeway/demo-client';

/** What a request needs besides method and token. */
export interface RequestFixture extends Pick<ApiRequest, 'body' | 'headers'> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
}

/** Whose resource it is about. */
export interface About {
  readonly owner: Customer;
  readonly ownerId: string;
}

const key = (): Readonly<Record<string, string>> => ({ 'idempotency-key': randomUUID() });
const address: AddressBody = { label: 'Home', recipient: 'A', line1: 'B', postalCode: '1', city: 'C', country: 'DE' };
const addressOf = async ({ owner }: About): Promise<RequestFixture> => ({
  params: { addressId: (await owner.addAddress(address)).id },
});

async function sessionOf({ owner }: About): Promise<RequestFixture> {
  const sessions = async () => (await owner.call<{ items: SessionView[] }>('/v1/users/me/sessions')).body.items;
  if ((await sessions()).length === 0) await Customer.signIn(owner.endpoints, owner.email, owner.password);
  return { params: { sessionId: (await sessions())[0]!.id } };
}

// demo
const orders = new Map<string, Promise<{ orderId: string; paymentId: string; productId: string }>>();

async function place(owner: Shopper): Promise<{ orderId: string; paymentId: string; productId: string }> {
  const [product] = await owner.products();
  const { id: shippingAddressId } = await owner.addAddress(address);
  const items = [{ productId: product!.id, quantity: 1 }];
  const { body } = await owner.placeOrder({ items, shippingAddressId, paymentMethodToken: 'tok_success' });
  return { orderId: body.id, paymentId: body.paymentId, productId: product!.id };
}

/** One order of each owner, which has been paid. */
function orderOf({ owner }: About) {
  const shopper = Shopper.of(owner);
  const placed =
    orders.get(owner.email) ??
    place(shopper).then(async (ids) => {
      await shopper.waitFor(ids.orderId, ['CONFIRMED']);
      return ids;
    });
  orders.set(owner.email, placed);
  return placed;
}
const orderParams = async (about: About): Promise<RequestFixture> => ({
  params: { orderId: (await orderOf(about)).orderId },
});
// end demo

/**
 * Requests that succeed for whoever may send them, by operation. An operation without one is sent with an empty body and
 * unknown ids: then the test sees only whether it was refused.
 */
export const requests: Readonly<Record<string, (about: About) => RequestFixture | Promise<RequestFixture>>> = {
  registerUser: () => ({
    body: { email: `${randomUUID()}@example.com`, password: 'a kettle on the engine', displayName: 'Ada' },
    headers: key(),
  }),
  getMe: () => ({}),
  getUser: ({ ownerId }) => ({ params: { userId: ownerId } }),
  changeMe: async ({ owner }) => ({
    body: { displayName: 'Ada King' },
    headers: { 'if-match': `"${(await owner.profile()).version}"` },
  }),
  listAddresses: () => ({}),
  addAddress: () => ({ body: address, headers: key() }),
  getAddress: addressOf,
  changeAddress: async (about) => ({ ...(await addressOf(about)), body: address, headers: { 'if-match': '"1"' } }),
  removeAddress: async (about) => ({ ...(await addressOf(about)), headers: { 'if-match': '"1"' } }),
  listSessions: () => ({}),
  endSession: sessionOf,
  // demo
  listProducts: () => ({}),
  getProduct: async (about) => ({ params: { productId: (await orderOf(about)).productId } }),
  setStock: async (about) => {
    const { productId } = await orderOf(about);
    const product = (await Shopper.of(about.owner).products()).find(({ id }) => id === productId)!;
    return { params: { productId }, body: { available: 50 }, headers: { 'if-match': `"${product.version}"` } };
  },
  placeOrder: async ({ owner }) => ({
    body: {
      items: [{ productId: (await Shopper.of(owner).products())[0]!.id, quantity: 1 }],
      shippingAddressId: (await owner.addAddress(address)).id,
      paymentMethodToken: 'tok_success',
    },
    headers: key(),
  }),
  listOrders: ({ ownerId }) => ({ query: `?customerId=${ownerId}` }),
  getOrder: orderParams,
  getOrderHistory: orderParams,
  cancelOrder: async ({ owner }) => ({
    params: { orderId: (await place(Shopper.of(owner))).orderId },
    body: {},
    headers: key(),
  }),
  getOrderOverview: orderParams,
  followOrder: orderParams,
  getPayment: async (about) => ({ params: { paymentId: (await orderOf(about)).paymentId } }),
  // end demo
};
