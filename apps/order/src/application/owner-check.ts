import { reaches, type Reach } from '@causeway/auth';
import { NotFound } from '@causeway/errors';

/**
 * The one owner check of orders: everything that a person reads or changes of an order goes through it.
 * @throws NotFound, also for another customer’s order: even its existence is private.
 */
export function reachable<T extends { readonly customerId: string }>(
  orderId: string,
  order: T | undefined,
  reach: Reach,
): T {
  if (!order || !reaches(reach, order.customerId)) throw new NotFound(`order ${orderId}`);
  return order;
}
