import type { OrderListQuery, Page, PageQuery, PostalAddress, ProductView } from '@causeway/contracts';
import type { OutboxPort } from '@causeway/messaging';
import type { ExpectedVersions, IdempotencyScope, UnitOfWork } from '@causeway/persistence';
import type { Order, OrderLine, OrderStatus } from '../domain/order.js';
import type { OrderItem, OrderRefusal } from '../domain/price-order.js';

/** What the customer sees of an order. */
export interface OrderDetails {
  readonly id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly shippingAddress: PostalAddress;
  readonly paymentId: string;
  readonly reason: string | null;
  readonly version: number;
  readonly placedAt: string;
  readonly updatedAt: string;
}

export interface NewOrder {
  readonly orderId: string;
  readonly paymentId: string;
  readonly customerId: string;
  readonly items: readonly OrderItem[];
  readonly shippingAddress: PostalAddress;
  readonly paymentMethodToken: string;
  readonly idempotency: IdempotencyScope & { readonly fingerprint: string };
}

/**
 * The result of placing an order. A refusal changes nothing and is not stored under the key: the same key may succeed once
 * there is stock again.
 */
export type PlaceOrderResult =
  | { readonly outcome: 'placed' | 'replayed'; readonly order: OrderDetails }
  | { readonly outcome: 'idempotency_in_flight' | 'idempotency_reused' }
  | OrderRefusal;

/** When a step is driven again, and when the order is given up. */
export interface Timing {
  /** First repetition of a step without an answer, milliseconds. Doubles with every repetition. */
  readonly redriveMs: number;
  /** Longest time between two repetitions, milliseconds. */
  readonly redriveMaxMs: number;
  /** An order whose payment isn't settled by then is given up, milliseconds after it was placed. */
  readonly paymentLimitMs: number;
}

/** Orders within one transaction. */
export interface Orders {
  /** Everything that placing an order changes, in one statement. */
  place(order: NewOrder): Promise<PlaceOrderResult>;
  /** Locks the order until the end of the transaction; undefined when there is none. */
  forUpdate(orderId: string): Promise<Order | undefined>;
  /** Saves status, step, reason and versions of an order that `forUpdate` gave. */
  save(order: Order): Promise<void>;
  /** Gives the quantities of the order back to the stock. */
  releaseStock(order: Order): Promise<void>;
  /** (Re)starts the timer of the order's step, or ends it when there is none. */
  schedule(order: Order): Promise<void>;
  /** The card token that the customer ordered with. */
  paymentMethodToken(orderId: string): Promise<string>;
  details(orderId: string): Promise<OrderDetails>;
}

/** First answers of requests, here by reference: an order, as it was then, without the personal data in it. */
export interface OrderResponses {
  /**
   * @returns The first answer, if there is one.
   * @throws IdempotencyKeyInFlight, IdempotencyKeyReused
   */
  begin(scope: IdempotencyScope, fingerprint: string): Promise<OrderDetails | undefined>;
  complete(scope: IdempotencyScope, fingerprint: string, order: OrderDetails): Promise<void>;
}

/** What a use case sees of a transaction. */
export interface OrderTransaction {
  readonly orders: Orders;
  readonly outbox: OutboxPort;
  readonly responses: OrderResponses;
}

export type OrderUnitOfWork = UnitOfWork<OrderTransaction>;

/** A timer that ran out. */
export interface DueStep {
  readonly orderId: string;
  /** The payment limit of the order has passed. */
  readonly expired: boolean;
}

export interface Timers {
  /**
   * Takes timers that are due and moves them on, so that nobody else takes them meanwhile; a process that dies then leaves them to the next turn.
   * @param limit At most so many.
   */
  claimDue(limit: number): Promise<DueStep[]>;
  /** Makes timers due again that were claimed for nothing. */
  makeDueNow(orderIds: readonly string[]): Promise<void>;
}

/** The products, read, and their stock as the warehouse sets it. */
export interface Catalogue {
  /** In the order of their ids. @throws CursorInvalid */
  list(query: PageQuery): Promise<Page<ProductView>>;
  find(productId: string): Promise<ProductView | undefined>;
  /** @returns undefined when there is no such product in one of these versions. */
  setStock(productId: string, expected: ExpectedVersions, available: number): Promise<ProductView | undefined>;
}

/** Orders, read by the customer they belong to. */
export interface OrderBook {
  /** @returns undefined also for an order of somebody else. */
  find(customerId: string, orderId: string): Promise<OrderDetails | undefined>;
  /** Newest first. @throws CursorInvalid */
  list(customerId: string, query: OrderListQuery): Promise<Page<OrderDetails>>;
}

/** Addresses of customers, which the user service owns. */
export interface AddressBook {
  /**
   * @returns undefined when the customer has no such address.
   * @throws A retryable CodedError (503, 504) when the user service does not answer in time.
   */
  find(customerId: string, addressId: string): Promise<PostalAddress | undefined>;
}

/** Makes UUIDv7s. */
export type NewId = () => string;
/** Canonical fingerprint of a request. */
export type Fingerprint = (value: unknown) => string;
/** The time now; a test gives its own. */
export type Clock = () => Date;
