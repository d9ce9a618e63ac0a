import { randomUUID } from 'node:crypto';
import {
  authorizePayment,
  orderPlaced,
  type MessageDefinition,
  type OrderHistoryEntry,
  type PostalAddress,
} from '@causeway/contracts';
import { IdempotencyKeyReused, type IdempotencyScope } from '@causeway/persistence';
import { InMemoryUnitOfWork } from '@causeway/persistence/testing';
import { erasedAddress } from '../adapters/persistence/order-row.js';
import { authorizeData } from '../application/payment-commands.js';
import type {
  ChangeRecord,
  DueStep,
  NewOrder,
  OrderDetails,
  OrderTransaction,
  PlaceOrderResult,
  Timers,
} from '../application/ports.js';
import type { Order } from '../domain/order.js';
import type { SecurityEvent } from '@causeway/telemetry';
import { priceOrder, type Product } from '../domain/price-order.js';

export interface SentMessage {
  readonly subject: string;
  readonly aggregateId: string;
  readonly data: unknown;
}

interface StoredOrder {
  order: Order;
  shippingAddress: PostalAddress;
  givenReason: string | null;
  sealedCardToken: string | null;
  readonly placedAt: string;
  history: OrderHistoryEntry[];
}

interface StoreState {
  products: Record<string, Product>;
  orders: Record<string, StoredOrder>;
  /** Orders with a timer; true while they can be given up. */
  timers: Record<string, boolean>;
  answers: Record<string, { fingerprint: string; order: OrderDetails }>;
  sent: SentMessage[];
  security: SecurityEvent[];
}

const keyOf = ({ subject, route, key }: IdempotencyScope): string => JSON.stringify([subject, route, key]);

/** Orders without a database. Keeps the contract in `order-transaction-contract.ts`, as the real ones do. */
export class InMemoryOrders extends InMemoryUnitOfWork<StoreState, OrderTransaction> implements Timers {
  readonly madeDueNow: string[] = [];
  /** Timers that the next `claimDue` finds. */
  due: DueStep[] = [];

  constructor(products: readonly Product[]) {
    const state: StoreState = { products: {}, orders: {}, timers: {}, answers: {}, sent: [], security: [] };
    for (const product of products) state.products[product.id] = { ...product };
    super(state, bind);
  }

  async makeDueNow(orderIds: readonly string[]): Promise<void> {
    this.madeDueNow.push(...orderIds);
  }

  async claimDue(limit: number): Promise<DueStep[]> {
    return this.due.splice(0, limit);
  }
}

function bind(state: StoreState): OrderTransaction {
  const send = async <T>({ subject, data: schema }: MessageDefinition<T>, aggregateId: string, data: T) => {
    state.sent.push({ subject, aggregateId, data: schema.parse(data) });
  };
  const stored = (orderId: string): StoredOrder => state.orders[orderId]!;
  return {
    outbox: {
      add: async (...message) => {
        await send(...message);
        return randomUUID();
      },
    },
    security: { record: async (event) => void state.security.push(event) },
    responses: {
      begin: async (scope, fingerprint) => {
        const answer = state.answers[keyOf(scope)];
        if (answer && answer.fingerprint !== fingerprint) throw new IdempotencyKeyReused();
        return answer?.order;
      },
      complete: async (scope, fingerprint, order) => {
        state.answers[keyOf(scope)] = { fingerprint, order };
      },
    },
    orders: {
      place: (order) => place(state, order, send),
      forUpdate: async (orderId) => state.orders[orderId]?.order,
      save: async (order, change) => {
        stored(order.id).order = order;
        if (order.step !== 'authorize') stored(order.id).sealedCardToken = null;
        stored(order.id).history.push(entryOf(order, change, new Date().toISOString()));
      },
      releaseStock: async ({ lines }) => {
        for (const { productId, quantity } of lines) addStock(state, productId, quantity);
      },
      schedule: async ({ id, step }) => {
        if (step === null) delete state.timers[id];
        else state.timers[id] = step === 'authorize' || step === 'capture';
      },
      sealedCardToken: async (orderId) => {
        const { sealedCardToken } = stored(orderId);
        if (sealedCardToken === null) throw new Error(`order ${orderId} no longer has its card token`);
        return sealedCardToken;
      },
      keepGivenReason: async (orderId, givenReason) => {
        stored(orderId).givenReason = givenReason;
      },
      details: async (orderId) => detailsOf(stored(orderId)),
      forget: async (customerId) => {
        for (const one of Object.values(state.orders)) {
          if (one.order.customerId !== customerId || one.order.step !== null) continue;
          one.shippingAddress = erasedAddress;
          one.givenReason = null;
        }
        for (const key of Object.keys(state.answers))
          if ((JSON.parse(key) as string[])[0] === customerId) delete state.answers[key];
      },
    },
  };
}

type Send = <T>(definition: MessageDefinition<T>, aggregateId: string, data: T) => Promise<void>;

async function place(state: StoreState, request: NewOrder, send: Send): Promise<PlaceOrderResult> {
  const { orderId, paymentId, customerId, items, shippingAddress, sealedCardToken, idempotency } = request;
  const answer = state.answers[keyOf(idempotency)];
  if (answer && answer.fingerprint !== idempotency.fingerprint) return { outcome: 'idempotency_reused' };
  if (answer) return { outcome: 'replayed', order: answer.order };
  const priced = priceOrder(new Map(Object.entries(state.products)), items);
  if (priced.outcome !== 'priced') return priced;
  for (const { productId, quantity } of items) addStock(state, productId, -quantity);

  const { lines, totalMinor, currency } = priced;
  const target = { orderId, paymentId, customerId };
  const placedAt = new Date().toISOString();
  const order: Order = {
    id: orderId,
    customerId,
    paymentId,
    status: 'PENDING_PAYMENT',
    step: 'authorize',
    stockHeld: true,
    reason: null,
    paymentVersion: 0,
    currency,
    totalMinor,
    lines,
    version: 1,
  };
  const cause = { kind: 'request', name: idempotency.route, id: idempotency.key } as const;
  const history = [entryOf(order, { from: null, event: orderPlaced.subject, cause }, placedAt)];
  state.orders[orderId] = { order, shippingAddress, givenReason: null, sealedCardToken, placedAt, history };
  state.timers[orderId] = true;
  const bare = lines.map(({ productId, quantity, unitPriceMinor }) => ({ productId, quantity, unitPriceMinor }));
  await send(orderPlaced, orderId, { ...target, version: 1, occurredAt: placedAt, totalMinor, currency, lines: bare });
  await send(authorizePayment, paymentId, authorizeData(order, sealedCardToken));
  const details = detailsOf(state.orders[orderId]!);
  state.answers[keyOf(idempotency)] = { fingerprint: idempotency.fingerprint, order: details };
  return { outcome: 'placed', order: details };
}

function addStock({ products }: StoreState, productId: string, quantity: number): void {
  const product = products[productId]!;
  products[productId] = { ...product, available: product.available + quantity };
}

const entryOf = (order: Order, change: ChangeRecord, occurredAt: string): OrderHistoryEntry => ({
  version: order.version,
  status: order.status,
  step: order.step,
  reason: order.reason,
  occurredAt,
  traceId: null,
  ...change,
});

const detailsOf = ({ order, shippingAddress, givenReason, placedAt }: StoredOrder): OrderDetails => ({
  id: order.id,
  status: order.status,
  currency: order.currency,
  totalMinor: order.totalMinor,
  lines: order.lines,
  shippingAddress,
  paymentId: order.paymentId,
  reason: order.reason,
  givenReason,
  version: order.version,
  placedAt,
  updatedAt: placedAt,
});
