import type { ContractFixture, Surroundings } from '@causeway/contract-suite';

/** From the catalogue that the migrations bring. */
const kettle = '01939f00-0000-7000-8000-000000000001';
const grinder = '01939f00-0000-7000-8000-000000000002';

const address = {
  recipient: 'Ada Lovelace',
  line1: '1 Main Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
};

interface Order {
  readonly id: string;
  readonly paymentId: string;
  readonly totalMinor: number;
  readonly currency: string;
}

const place = async (world: Surroundings, subject?: string): Promise<Order> =>
  (await world.call('placeOrder', subject === undefined ? {} : { subject })).body as Order;

/** What the payment service reports about an order. `version` counts the changes to the payment. */
const fact = ({ id, paymentId }: Order, version: number) => ({
  paymentId,
  orderId: id,
  version,
  occurredAt: new Date().toISOString(),
});
const money = (order: Order) => ({ amountMinor: order.totalMinor, currency: order.currency });

async function authorized(world: Surroundings, subject?: string): Promise<Order> {
  const order = await place(world, subject);
  await world.deliver('payment.evt.authorized.v1', { ...fact(order, 2), ...money(order) });
  return order;
}

const cancel = (world: Surroundings, subject: string, orderId: string) =>
  world.call('cancelOrder', { subject, params: { orderId } });

/** What the contract suite cannot know from the record of this service. */
export const contractFixture: ContractFixture = {
  settings: {
    // The saga’s timers would change orders by themselves, and many open orders slow new ones down.
    ORDER_REDRIVE_MS: '3600000',
    ORDER_REDRIVE_MAX_MS: '3600000',
    ORDER_PACE_AT: '100000',
  },
  replies: { 'user.rpc.get-address.v1': () => ({ found: true, address }) },
  prepare: async (world) => {
    await world.call('setStock', { params: { productId: kettle }, body: { available: 100_000 } });
  },
  operations: {
    getProduct: { request: () => ({ params: { productId: kettle } }) },
    setStock: { request: () => ({ params: { productId: grinder } }) },
    placeOrder: { publishes: ['order.evt.placed.v1', 'payment.cmd.authorize.v2'] },
    cancelOrder: { publishes: ['payment.cmd.void.v1'] },
  },
  consumers: {
    'user.evt.erased.v1': {
      data: (world) => ({ userId: world.newId(), erasedAt: new Date().toISOString() }),
    },
    'payment.evt.authorized.v1': {
      data: async (world) => {
        const order = await place(world);
        return { ...fact(order, 2), ...money(order) };
      },
      publishes: ['payment.cmd.capture.v1'],
    },
    'payment.evt.declined.v1': {
      data: async (world) => ({ ...fact(await place(world), 2), reason: 'card_declined' }),
      publishes: ['order.evt.rejected.v1'],
    },
    'payment.evt.captured.v1': {
      data: async (world) => {
        const order = await authorized(world);
        return { ...fact(order, 3), ...money(order) };
      },
      publishes: ['order.evt.confirmed.v1'],
    },
    'payment.evt.capture-failed.v1': {
      data: async (world) => ({ ...fact(await authorized(world), 3), reason: 'expired' }),
      publishes: ['payment.cmd.void.v1'],
    },
    'payment.evt.voided.v1': {
      data: async (world) => {
        const subject = world.newId();
        const order = await place(world, subject);
        await cancel(world, subject, order.id);
        return { ...fact(order, 2), reason: 'cancelled' };
      },
      publishes: ['order.evt.cancelled.v1'],
    },
    'payment.evt.refunded.v1': {
      data: async (world) => {
        const subject = world.newId();
        const order = await authorized(world, subject);
        await world.deliver('payment.evt.captured.v1', { ...fact(order, 3), ...money(order) });
        await cancel(world, subject, order.id);
        const command = await world.published(
          'payment.cmd.refund.v1',
          ({ orderId }: { readonly orderId: string }) => orderId === order.id,
        );
        const { refundId } = command as { readonly refundId: string };
        return { ...fact(order, 4), ...money(order), refundId, reason: 'cancelled' };
      },
      publishes: ['order.evt.cancelled.v1'],
    },
  },
  exceptions: {
    'setStock/owner-only': 'Products belong to nobody: whoever has the scope catalog:write sets the stock.',
  },
};
