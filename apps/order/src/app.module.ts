import { FieldSealer, OutboxRelay, RpcClient } from '@causeway/messaging';
import {
  CursorCodec,
  FieldCipher,
  fingerprint,
  Housekeeping,
  PG_POOL,
  PgUnitOfWork,
  poolSql,
  PRISMA,
  purgeIdempotency,
  purgeInbox,
  workLimits,
} from '@causeway/persistence';
import { SETTINGS } from '@causeway/service-host';
import { Module, type FactoryProvider } from '@nestjs/common';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { UserAddressBook } from './adapters/clients/user-address-book.js';
import { OrdersController } from './adapters/http/orders.controller.js';
import { ProductsController } from './adapters/http/products.controller.js';
import { CustomersHandler } from './adapters/messaging/customers.handler.js';
import { PaymentOutcomesHandler } from './adapters/messaging/payment-outcomes.handler.js';
import { forgetCustomers, purgeErasedCustomers } from './adapters/persistence/forget-customers.js';
import { OrderSealing } from './adapters/persistence/order-row.js';
import { bindTransaction } from './adapters/persistence/order-transaction.js';
import { PgTimers } from './adapters/persistence/pg-timers.js';
import { PrismaCatalogue } from './adapters/persistence/prisma-catalogue.js';
import { PrismaOrderBook } from './adapters/persistence/prisma-order-book.js';
import { purgeOrderEvents } from './adapters/persistence/purge-order-events.js';
import { SagaGauges } from './adapters/persistence/saga-gauges.js';
import { SagaTimerWorker } from './adapters/timers/saga-timer.worker.js';
import { ApplyPaymentOutcome } from './application/apply-payment-outcome.js';
import { CancelOrder } from './application/cancel-order.js';
import { DriveDueOrders } from './application/drive-due-orders.js';
import { EraseCustomer } from './application/erase-customer.js';
import { PlaceOrder } from './application/place-order.js';
import { Pace } from './application/pace.js';
import type { OrderUnitOfWork, SealCardToken, Timers } from './application/ports.js';
import { ReadOrders } from './application/read-orders.js';
import type { OrderSettings } from './config.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { CATALOGUE } from './tokens.js';

/** Forgets orders of erased customers that were open when they left, twice a minute. */
const ERASURE = Symbol('ERASURE');
const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');
const TIMERS = Symbol('TIMERS');

const clock = () => new Date();
const sealingOf = ({ FIELD_KEYS }: OrderSettings) => new OrderSealing(new FieldCipher(FIELD_KEYS));
const timingOf = (settings: OrderSettings) => ({
  redriveMs: settings.ORDER_REDRIVE_MS,
  redriveMaxMs: settings.ORDER_REDRIVE_MAX_MS,
  paymentLimitMs: settings.ORDER_PAYMENT_LIMIT_MS,
});
/** Keyed, because a fingerprint covers the card token. */
const fingerprintWith =
  ({ BLIND_INDEX_KEY }: OrderSettings) =>
  (value: unknown) =>
    fingerprint(value, BLIND_INDEX_KEY);

const adapters: FactoryProvider[] = [
  {
    provide: UNIT_OF_WORK,
    inject: [SETTINGS, PG_POOL, OutboxRelay],
    useFactory: (settings: OrderSettings, pool: pg.Pool, relay: OutboxRelay) =>
      new PgUnitOfWork(pool, bindTransaction(sealingOf(settings), timingOf(settings), relay)),
  },
  {
    provide: TIMERS,
    inject: [SETTINGS, PG_POOL],
    useFactory: (settings: OrderSettings, pool: pg.Pool) => new PgTimers(poolSql(pool), timingOf(settings)),
  },
  {
    provide: CATALOGUE,
    inject: [SETTINGS, PRISMA],
    useFactory: ({ CURSOR_SECRET }: OrderSettings, prisma: PrismaClient) =>
      new PrismaCatalogue(prisma, new CursorCodec(CURSOR_SECRET, 'products')),
  },
];

const useCases: FactoryProvider[] = [
  {
    provide: PlaceOrder,
    inject: [SETTINGS, UNIT_OF_WORK, RpcClient, TIMERS],
    useFactory: (settings: OrderSettings, uow: OrderUnitOfWork, rpc: RpcClient, timers: PgTimers) => {
      const addresses = new UserAddressBook(rpc, settings.ORDER_ADDRESS_TIMEOUT_MS);
      const at = settings.ORDER_PACE_AT ?? workLimits(settings.DATABASE_POOL_MAX).sagas;
      const sealer = new FieldSealer(settings.CARD_SEALING_KEY);
      const seal: SealCardToken = (token, paymentId) => sealer.seal(token, paymentId);
      return new PlaceOrder(uow, addresses, seal, uuidv7, fingerprintWith(settings), new Pace(timers, { at }));
    },
  },
  {
    provide: ReadOrders,
    inject: [SETTINGS, PRISMA],
    useFactory: (settings: OrderSettings, prisma: PrismaClient) => {
      const cursors = new CursorCodec(settings.CURSOR_SECRET, 'orders');
      return new ReadOrders(new PrismaOrderBook(prisma, sealingOf(settings), cursors));
    },
  },
  {
    provide: CancelOrder,
    inject: [SETTINGS, UNIT_OF_WORK],
    useFactory: (settings: OrderSettings, uow: OrderUnitOfWork) =>
      new CancelOrder(uow, fingerprintWith(settings), clock),
  },
  {
    provide: ApplyPaymentOutcome,
    inject: [UNIT_OF_WORK],
    useFactory: (uow: OrderUnitOfWork) => new ApplyPaymentOutcome(uow, clock),
  },
  {
    provide: EraseCustomer,
    inject: [UNIT_OF_WORK],
    useFactory: (uow: OrderUnitOfWork) => new EraseCustomer(uow),
  },
  {
    provide: DriveDueOrders,
    inject: [UNIT_OF_WORK, TIMERS],
    useFactory: (uow: OrderUnitOfWork, timers: Timers) => new DriveDueOrders(uow, timers, clock),
  },
];

const workers: FactoryProvider[] = [
  {
    provide: SagaTimerWorker,
    inject: [SETTINGS, DriveDueOrders],
    useFactory: ({ ORDER_TIMER_POLL_MS }: OrderSettings, drive: DriveDueOrders) =>
      new SagaTimerWorker(drive, { pollMs: ORDER_TIMER_POLL_MS }),
  },
  { provide: SagaGauges, inject: [PG_POOL], useFactory: (pool: pg.Pool) => new SagaGauges(poolSql(pool)) },
  {
    provide: ERASURE,
    inject: [PG_POOL],
    useFactory: (pool: pg.Pool) => new Housekeeping(poolSql(pool), [forgetCustomers], 30_000),
  },
  {
    provide: Housekeeping,
    inject: [PG_POOL],
    useFactory: (pool: pg.Pool) =>
      new Housekeeping(poolSql(pool), [purgeIdempotency, purgeInbox, purgeOrderEvents, purgeErasedCustomers]),
  },
];

/** The composition root: the only file that binds ports to adapters. `service.ts` adds what the capabilities provide. */
@Module({
  controllers: [OrdersController, ProductsController, PaymentOutcomesHandler, CustomersHandler],
  providers: [...adapters, ...useCases, ...workers],
})
export class AppModule {}
