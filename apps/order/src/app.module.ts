import { AuthModule } from '@causeway/auth';
import { DiscoveryModule } from '@causeway/discovery';
import { MessagingModule, NATS, OutboxRelay, RpcClient } from '@causeway/messaging';
import {
  CursorCodec,
  FieldCipher,
  fingerprint,
  guardPrisma,
  Housekeeping,
  PersistenceModule,
  PG_POOL,
  PgUnitOfWork,
  poolSql,
  PRISMA,
  purgeIdempotency,
  purgeInbox,
  workLimits,
} from '@causeway/persistence';
import { HostState } from '@causeway/service-host';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { UserAddressBook } from './adapters/clients/user-address-book.js';
import { OrdersController } from './adapters/http/orders.controller.js';
import { ProductsController } from './adapters/http/products.controller.js';
import { PaymentOutcomesHandler } from './adapters/messaging/payment-outcomes.handler.js';
import { OrderSealing } from './adapters/persistence/order-row.js';
import { bindTransaction } from './adapters/persistence/order-transaction.js';
import { PgTimers } from './adapters/persistence/pg-timers.js';
import { PrismaCatalogue } from './adapters/persistence/prisma-catalogue.js';
import { PrismaOrderBook } from './adapters/persistence/prisma-order-book.js';
import { SagaTimerWorker } from './adapters/timers/saga-timer.worker.js';
import { ApplyPaymentOutcome } from './application/apply-payment-outcome.js';
import { CancelOrder } from './application/cancel-order.js';
import { DriveDueOrders } from './application/drive-due-orders.js';
import { PlaceOrder } from './application/place-order.js';
import { Pace } from './application/pace.js';
import type { OrderUnitOfWork, Timers } from './application/ports.js';
import type { OrderSettings } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';
import { migrations } from './migrations.js';
import { CATALOGUE, ORDER_BOOK } from './tokens.js';
import { version } from './version.js';

const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');
const TIMERS = Symbol('TIMERS');

const clock = () => new Date();

/** The composition root: the only file that binds ports to adapters. */
@Module({})
export class AppModule {
  static with(settings: OrderSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PersistenceModule.forRoot({
          settings,
          migrations,
          // `minimal`: the longer messages quote the values of a query.
          prisma: (adapter) => guardPrisma(new PrismaClient({ adapter, errorFormat: 'minimal' })),
          applicationName: 'order',
        }),
        MessagingModule.forRoot({ service: 'order', settings }),
        DiscoveryModule.forRoot({
          settings,
          service: 'order',
          version,
          instanceId: settings.INSTANCE_ID,
          nats: NATS,
          host: HostState,
        }),
        AuthModule.forRoot(settings),
      ],
      controllers: [OrdersController, ProductsController, PaymentOutcomesHandler],
      providers: [...adapters(settings), ...useCases(settings), ...workers(settings)],
    };
  }
}

function adapters(settings: OrderSettings): FactoryProvider[] {
  const sealing = new OrderSealing(new FieldCipher(settings.FIELD_KEYS));
  const timing = timingOf(settings);
  return [
    {
      provide: UNIT_OF_WORK,
      inject: [PG_POOL, OutboxRelay],
      useFactory: (pool: pg.Pool, relay: OutboxRelay) =>
        new PgUnitOfWork(pool, bindTransaction(sealing, timing, relay)),
    },
    {
      provide: TIMERS,
      inject: [PG_POOL],
      useFactory: (pool: pg.Pool) => new PgTimers(poolSql(pool), timing),
    },
    {
      provide: CATALOGUE,
      inject: [PRISMA],
      useFactory: (prisma: PrismaClient) =>
        new PrismaCatalogue(prisma, new CursorCodec(settings.CURSOR_SECRET, 'products')),
    },
    {
      provide: ORDER_BOOK,
      inject: [PRISMA],
      useFactory: (prisma: PrismaClient) =>
        new PrismaOrderBook(prisma, sealing, new CursorCodec(settings.CURSOR_SECRET, 'orders')),
    },
  ];
}

function useCases(settings: OrderSettings): FactoryProvider[] {
  // Keyed, because a fingerprint covers the card token.
  const fingerprintOf = (value: unknown) => fingerprint(value, settings.BLIND_INDEX_KEY);
  return [
    {
      provide: PlaceOrder,
      inject: [UNIT_OF_WORK, RpcClient, TIMERS],
      useFactory: (uow: OrderUnitOfWork, rpc: RpcClient, timers: PgTimers) => {
        const addresses = new UserAddressBook(rpc, settings.ORDER_ADDRESS_TIMEOUT_MS);
        const at = settings.ORDER_PACE_AT ?? workLimits(settings.DATABASE_POOL_MAX).sagas;
        return new PlaceOrder(uow, addresses, uuidv7, fingerprintOf, new Pace(timers, { at }));
      },
    },
    {
      provide: CancelOrder,
      inject: [UNIT_OF_WORK],
      useFactory: (uow: OrderUnitOfWork) => new CancelOrder(uow, fingerprintOf, clock),
    },
    {
      provide: ApplyPaymentOutcome,
      inject: [UNIT_OF_WORK],
      useFactory: (uow: OrderUnitOfWork) => new ApplyPaymentOutcome(uow, clock),
    },
    {
      provide: DriveDueOrders,
      inject: [UNIT_OF_WORK, TIMERS],
      useFactory: (uow: OrderUnitOfWork, timers: Timers) => new DriveDueOrders(uow, timers, clock),
    },
  ];
}

function workers(settings: OrderSettings): FactoryProvider[] {
  return [
    {
      provide: SagaTimerWorker,
      inject: [DriveDueOrders],
      useFactory: (drive: DriveDueOrders) => new SagaTimerWorker(drive, { pollMs: settings.ORDER_TIMER_POLL_MS }),
    },
    {
      provide: Housekeeping,
      inject: [PG_POOL],
      useFactory: (pool: pg.Pool) => new Housekeeping(poolSql(pool), [purgeIdempotency, purgeInbox]),
    },
  ];
}

const timingOf = (settings: OrderSettings) => ({
  redriveMs: settings.ORDER_REDRIVE_MS,
  redriveMaxMs: settings.ORDER_REDRIVE_MAX_MS,
  paymentLimitMs: settings.ORDER_PAYMENT_LIMIT_MS,
});
