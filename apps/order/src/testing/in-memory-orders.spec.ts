import { InMemoryOrders } from './in-memory-orders.js';
import { orderTransactionContract } from './order-transaction-contract.js';
import { products } from './fixtures.js';

describe('the fake keeps the contract of a store of orders', () => {
  const orders = new InMemoryOrders(products);
  orderTransactionContract(() => ({
    uow: orders,
    stockOf: async (productId) => orders.state.products[productId]!.available,
    sent: async () => orders.state.sent,
    history: async (orderId) => orders.state.orders[orderId]?.history ?? [],
    timers: async () => Object.keys(orders.state.timers),
  }));
});
