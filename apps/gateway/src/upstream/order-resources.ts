import { orderHistory, orderView } from '@causeway/contracts';

export const orderOf = (orderId: string) => ({
  service: 'order',
  path: `/v1/orders/${orderId}`,
  route: '/v1/orders/{orderId}',
  schema: orderView,
});

export const historyOf = (orderId: string) => ({
  service: 'order',
  path: `/v1/orders/${orderId}/history`,
  route: '/v1/orders/{orderId}/history',
  schema: orderHistory,
});
