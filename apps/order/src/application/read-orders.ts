import { reaches, type Reach } from '@causeway/auth';
import type { OrderHistoryEntry, OrderListQuery, Page } from '@causeway/contracts';
import { NotFound, ValidationFailed } from '@causeway/errors';
import { reachable } from './owner-check.js';
import type { OrderBook, OrderDetails, Owned } from './ports.js';

/** What a person sees of an order. Who reaches everybody’s orders is also told whose each is. */
export type SeenOrder = OrderDetails & Partial<Owned<object>>;

/** Reads orders for customers, and for support. */
export class ReadOrders {
  constructor(private readonly book: OrderBook) {}

  /** @throws NotFound */
  async one(orderId: string, reach: Reach): Promise<SeenOrder> {
    return seenBy(reach, reachable(orderId, await this.book.find(orderId), reach));
  }

  /** Every change, oldest first. @throws NotFound */
  async history(orderId: string, reach: Reach): Promise<readonly OrderHistoryEntry[]> {
    return reachable(orderId, await this.book.history(orderId), reach).items;
  }

  /**
   * @param query `customerId` says whose orders; default the caller’s. Who reaches everybody’s has to say it, because
   *   nobody needs all of them.
   * @throws NotFound for another customer’s orders; ValidationFailed, CursorInvalid
   */
  async list({ customerId, ...query }: OrderListQuery, reach: Reach): Promise<Page<SeenOrder>> {
    if (customerId === undefined && reach.everybody)
      throw new ValidationFailed([{ path: '/customerId', message: 'say whose orders to list' }]);
    const owner = customerId ?? reach.callerId;
    if (!reaches(reach, owner)) throw new NotFound(`customer ${owner}`);
    const { items, nextCursor } = await this.book.list(owner, query);
    return { items: items.map((order) => seenBy(reach, { ...order, customerId: owner })), nextCursor };
  }
}

function seenBy({ everybody }: Reach, { customerId, ...order }: Owned<OrderDetails>): SeenOrder {
  return everybody ? { ...order, customerId } : order;
}
