import { randomUUID } from 'node:crypto';
import type { OrderHistoryEntry } from '@causeway/contracts';
import type { OrderUnitOfWork, NewOrder } from '../application/ports.js';
import type { Product } from '../domain/price-order.js';
import type { SentMessage } from './in-memory-orders.js';

/** What the contract suite needs to see of a store of orders, besides the unit of work. */
export interface OrderStore {
  readonly uow: OrderUnitOfWork;
  stockOf(productId: string): Promise<number>;
  /** Every message that was added and committed, oldest first. */
  sent(): Promise<SentMessage[]>;
  /** Orders that have a timer. */
  timers(): Promise<string[]>;
  /** What happened to an order, oldest first. */
  history(orderId: string): Promise<readonly OrderHistoryEntry[]>;
}

const product = (last: string, name: string, priceMinor: number, available: number, currency = 'EUR'): Product => ({
  id: `0193a000-0000-7000-8000-0000000000${last}`,
  name,
  priceMinor,
  currency,
  available,
});

export const kettle = product('01', 'Kettle', 5_990, 10);
export const cup = product('02', 'Cup', 250, 100);
export const lastOne = product('03', 'Last one', 9_900, 1);
export const dollarCup = product('04', 'Cup, overseas', 300, 5, 'USD');
export const gold = product('05', 'Gold', 100_000_000, 1_000_000);
export const moreGold = product('06', 'More gold', 100_000_000, 1_000_000);
export const products: readonly Product[] = [
  kettle,
  cup,
  lastOne,
  dollarCup,
  gold,
  moreGold,
  // Enough of them for a total that is too large: 12 x 1000 x 100,000,000 > 10^12.
  ...['11', '12', '13', '14', '15', '16', '17', '18', '19', '20'].map((last) =>
    product(last, `Gold ${last}`, 100_000_000, 1_000_000),
  ),
];
export const address = {
  recipient: 'Ada Lovelace',
  line1: 'St James’s Square 12',
  postalCode: 'SW1Y 4JH',
  city: 'London',
  country: 'GB',
};

/** Has the form of a sealed token; no test of this service opens it, as this service never does. */
export const sealedCardToken = 'e30..aXY.Y2lwaGVydGV4dA.dGFn';

/** A valid request to place an order of one kettle and two cups, by a new customer with a new key. */
export const newOrder = (changes: Partial<NewOrder> = {}): NewOrder => ({
  orderId: randomUUID(),
  paymentId: randomUUID(),
  customerId: randomUUID(),
  items: [
    { productId: kettle.id, quantity: 1 },
    { productId: cup.id, quantity: 2 },
  ],
  shippingAddress: address,
  sealedCardToken,
  idempotency: { subject: randomUUID(), route: 'POST /v1/orders', key: randomUUID(), fingerprint: 'f1' },
  ...changes,
});
