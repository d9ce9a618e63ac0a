import { AuthModule } from '@causeway/auth';
import { DiscoveryModule } from '@causeway/discovery';
import { MessagingModule, NATS, OutboxRelay } from '@causeway/messaging';
import {
  guardPrisma,
  Housekeeping,
  PersistenceModule,
  PG_POOL,
  PgUnitOfWork,
  poolSql,
  PRISMA,
  purgeInbox,
  workLimits,
} from '@causeway/persistence';
import { HostState } from '@causeway/service-host';
import { Module, type DynamicModule, type FactoryProvider, type Provider } from '@nestjs/common';
import type pg from 'pg';
import { PaymentsController } from './adapters/http/payments.controller.js';
import { WebhooksController } from './adapters/http/webhooks.controller.js';
import { CommandsHandler } from './adapters/messaging/commands.handler.js';
import { PgOperationQueue } from './adapters/persistence/pg-operation-queue.js';
import { PrismaPaymentReader } from './adapters/persistence/prisma-payment-reader.js';
import { purgeWebhooks } from './adapters/persistence/purge-webhooks.js';
import { bindTransaction } from './adapters/persistence/payment-transaction.js';
import { HttpPaymentProvider } from './adapters/clients/http-payment-provider.js';
import { WakeSignal } from './adapters/worker/wake-signal.js';
import { OperationWorker } from './adapters/worker/operation.worker.js';
import { AuthorizePayment } from './application/authorize-payment.js';
import { CapturePayment } from './application/capture-payment.js';
import type { PaymentUnitOfWork } from './application/ports.js';
import { ReadPayment } from './application/read-payment.js';
import { ReceiveWebhook } from './application/receive-webhook.js';
import { RefundPayment } from './application/refund-payment.js';
import { RunOperation } from './application/run-operation.js';
import { VoidPayment } from './application/void-payment.js';
import type { PaymentSettings } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';
import { migrations } from './migrations.js';
import { CLOCK, WEBHOOK_SECRETS } from './tokens.js';
import { version } from './version.js';

const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');

const clock = () => new Date();

/** The composition root: the only file that binds ports to adapters. */
@Module({})
export class AppModule {
  static with(settings: PaymentSettings & { readonly INSTANCE_ID: string }): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PersistenceModule.forRoot({
          settings,
          migrations,
          // `minimal`: the longer messages quote the values of a query.
          prisma: (adapter) => guardPrisma(new PrismaClient({ adapter, errorFormat: 'minimal' })),
          applicationName: 'payment',
        }),
        MessagingModule.forRoot({ service: 'payment', settings }),
        DiscoveryModule.forRoot({
          settings,
          service: 'payment',
          version,
          instanceId: settings.INSTANCE_ID,
          nats: NATS,
          host: HostState,
        }),
        AuthModule.forRoot(settings),
      ],
      controllers: [PaymentsController, WebhooksController, CommandsHandler],
      providers: [...adapters(settings), ...useCases(settings), ...workers(settings)],
    };
  }
}

function adapters(settings: PaymentSettings): Provider[] {
  const provider = {
    url: settings.PSP_URL,
    apiKey: settings.PSP_API_KEY,
    timeoutMs: settings.PSP_TIMEOUT_MS,
    connections: concurrencyOf(settings),
  };
  return [
    WakeSignal,
    { provide: CLOCK, useValue: clock },
    { provide: WEBHOOK_SECRETS, useValue: settings.PSP_WEBHOOK_SECRETS },
    { provide: HttpPaymentProvider, useFactory: () => new HttpPaymentProvider(provider) },
    {
      provide: UNIT_OF_WORK,
      inject: [PG_POOL, OutboxRelay, WakeSignal],
      useFactory: (pool: pg.Pool, relay: OutboxRelay, wakeSignal: WakeSignal) =>
        new PgUnitOfWork(pool, bindTransaction(relay, wakeSignal)),
    },
  ];
}

const concurrencyOf = (settings: PaymentSettings): number =>
  settings.PSP_CONCURRENCY ?? workLimits(settings.DATABASE_POOL_MAX).operations;

function useCases(settings: PaymentSettings): FactoryProvider[] {
  const commands = [AuthorizePayment, CapturePayment, VoidPayment, RefundPayment].map((UseCase) => ({
    provide: UseCase,
    inject: [UNIT_OF_WORK],
    useFactory: (uow: PaymentUnitOfWork) => new UseCase(uow, clock),
  }));
  return [
    ...commands,
    {
      provide: ReceiveWebhook,
      inject: [UNIT_OF_WORK],
      useFactory: (uow: PaymentUnitOfWork) => new ReceiveWebhook(uow),
    },
    {
      provide: ReadPayment,
      inject: [PRISMA],
      useFactory: (prisma: PrismaClient) => new ReadPayment(new PrismaPaymentReader(prisma)),
    },
    {
      provide: RunOperation,
      inject: [UNIT_OF_WORK, HttpPaymentProvider],
      useFactory: (uow: PaymentUnitOfWork, provider: HttpPaymentProvider) =>
        new RunOperation(uow, provider, clock, { readScheduleMs: settings.PAYMENT_RESOLVE_SCHEDULE_MS }),
    },
  ];
}

function workers(settings: PaymentSettings): FactoryProvider[] {
  const options = {
    concurrency: concurrencyOf(settings),
    pollMs: settings.PAYMENT_POLL_MS,
    // The longest execution is a reading, a call and another reading; the rest is for storing what came of it.
    leaseMs: 3 * settings.PSP_TIMEOUT_MS + 5_000,
  };
  return [
    {
      provide: OperationWorker,
      inject: [PG_POOL, RunOperation, WakeSignal],
      useFactory: (pool: pg.Pool, run: RunOperation, wakeSignal: WakeSignal) =>
        new OperationWorker(new PgOperationQueue(poolSql(pool)), run, options, wakeSignal),
    },
    {
      provide: Housekeeping,
      inject: [PG_POOL],
      useFactory: (pool: pg.Pool) => new Housekeeping(poolSql(pool), [purgeInbox, purgeWebhooks]),
    },
  ];
}
