import type {
  OrderHistoryEntry,
  OrderListQuery,
  OrderStatus,
  Page,
  PageQuery,
  PostalAddress,
  ProductView,
} from '@causeway/contracts';
import type { OutboxPort } from '@causeway/messaging';
import type { ExpectedVersions, IdempotencyScope, SecurityLog, UnitOfWork } from '@causeway/persistence';
import type { Order, OrderLine } from '../domain/order.js';
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
  /** What whoever cancelled it wrote. */
  readonly givenReason: string | null;
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
  /** Sealed for payment: this service cannot open it. */
  readonly sealedCardToken: string;
  readonly idempotency: IdempotencyScope & { readonly fingerprint: string };
}

/**
 * The result of placing an order. A refusal changes nothing and is not stored under the key: the same key may succeed
 * once there is stock again.
 */
export type PlaceOrderResult =
  | { readonly outcome: 'placed' | 'replayed'; readonly order: OrderDetails }
  | { readonly outcome: 'idempotency_in_flight' | 'idempotency_reused' }
  | OrderRefusal;

/** When a step is repeated, and when an order is given up. */
export interface Timing {
  /**
   * Wait before the first repetition of a step without an outcome, milliseconds. Each further wait is twice as long.
   */
  readonly redriveMs: number;
  /** Longest wait between two repetitions, milliseconds. */
  readonly redriveMaxMs: number;
  /** Time from placing to giving up an order whose payment is not complete, milliseconds. */
  readonly paymentLimitMs: number;
}

/** What made an order change. The trace is added where the change is stored. */
export type ChangeCause = OrderHistoryEntry['cause'];

/** What the history keeps of a change besides the order itself. */
export type ChangeRecord = Pick<OrderHistoryEntry, 'from' | 'event' | 'cause'>;

/** Orders within one transaction. */
export interface Orders {
  /** Does everything that placing an order changes, in one statement. */
  place(order: NewOrder): Promise<PlaceOrderResult>;
  /** Locks the order until the end of the transaction. @returns undefined when it does not exist. */
  forUpdate(orderId: string): Promise<Order | undefined>;
  /**
   * Saves status, step, reason and versions of an order that `forUpdate` returned, and adds the change to its history.
   */
  save(order: Order, change: ChangeRecord): Promise<void>;
  /** Returns the quantities of the order to the stock. */
  releaseStock(order: Order): Promise<void>;
  /** Starts the timer of the order's step anew, or deletes it when no step is open. */
  schedule(order: Order): Promise<void>;
  /**
   * The card token that the customer placed the order with, sealed for payment. Kept while the order waits for its
   * authorization.
   */
  sealedCardToken(orderId: string): Promise<string>;
  /** Keeps what whoever cancelled the order wrote. */
  keepGivenReason(orderId: string, givenReason: string): Promise<void>;
  details(orderId: string): Promise<OrderDetails>;
  /**
   * Forgets what the ended orders of a customer say of them, and the stored responses to them; remembers the customer, so
   * that open orders follow when they end.
   */
  forget(customerId: string, erasedAt: string): Promise<void>;
}

/**
 * Stored responses of requests with an `Idempotency-Key`: the order as it was then. What says something of a person is
 * read from the order.
 */
export interface OrderResponses {
  /**
   * @returns The order of the first response, if the key was used before.
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
  readonly security: Pick<SecurityLog, 'record'>;
}

export type OrderUnitOfWork = UnitOfWork<OrderTransaction>;

/** A saga timer that has run out. */
export interface DueStep {
  readonly orderId: string;
  /** The payment limit of the order has passed. */
  readonly expired: boolean;
}

export interface Timers {
  /**
   * Claims timers that are due and moves each to its next due time. No other instance claims them before that, and a
   * process that dies loses none.
   * @param limit Most timers to claim.
   */
  claimDue(limit: number): Promise<DueStep[]>;
  /** Makes timers due at once. */
  makeDueNow(orderIds: readonly string[]): Promise<void>;
}

/** Reads products, and sets their stock for the warehouse. */
export interface Catalogue {
  /** Sorted by id. @throws CursorInvalid */
  list(query: PageQuery): Promise<Page<ProductView>>;
  find(productId: string): Promise<ProductView | undefined>;
  /** @returns undefined when the product does not exist in one of these versions. */
  setStock(productId: string, expected: ExpectedVersions, available: number): Promise<ProductView | undefined>;
}

/** An order, or a part of it, and whose it is. */
export type Owned<T> = T & { readonly customerId: string };

/** Reads orders, whoever’s they are: `ReadOrders` decides who may see them. */
export interface OrderBook {
  find(orderId: string): Promise<Owned<OrderDetails> | undefined>;
  /** Every change, oldest first. */
  history(orderId: string): Promise<Owned<{ readonly items: readonly OrderHistoryEntry[] }> | undefined>;
  /** Newest first. @throws CursorInvalid */
  list(customerId: string, query: Omit<OrderListQuery, 'customerId'>): Promise<Page<OrderDetails>>;
}

/** Looks up customers' addresses, which the user service owns. */
export interface AddressBook {
  /**
   * @returns undefined when the customer has no such address.
   * @throws A retryable CodedError (503, 504) when the user service does not reply in time.
   */
  find(customerId: string, addressId: string): Promise<PostalAddress | undefined>;
}

/** Seals a card token so that only payment can open it, and only for this payment. */
export type SealCardToken = (cardToken: string, paymentId: string) => Promise<string>;
/** Returns a new UUIDv7. */
export type NewId = () => string;
/** Returns the canonical fingerprint of a request. */
export type Fingerprint = (value: unknown) => string;
/** Returns the current time; tests bring their own. */
export type Clock = () => Date;
