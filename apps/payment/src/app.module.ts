import { FieldOpener, OutboxRelay } from '@causeway/messaging';
import { Housekeeping, PG_POOL, PgUnitOfWork, poolSql, PRISMA, purgeInbox, workLimits } from '@causeway/persistence';
import { WakeSignal } from '@causeway/resilience';
import { SETTINGS } from '@causeway/service-host';
import { Module, type FactoryProvider, type Provider } from '@nestjs/common';
import type pg from 'pg';
import { PaymentsController } from './adapters/http/payments.controller.js';
import { WebhooksController } from './adapters/http/webhooks.controller.js';
import { CommandsHandler } from './adapters/messaging/commands.handler.js';
import { PgOperationQueue } from './adapters/persistence/pg-operation-queue.js';
import { PrismaPaymentReader } from './adapters/persistence/prisma-payment-reader.js';
import { purgeWebhooks } from './adapters/persistence/purge-webhooks.js';
import { bindTransaction } from './adapters/persistence/payment-transaction.js';
import { HttpPaymentProvider } from './adapters/clients/http-payment-provider.js';
import { OperationWorker } from './adapters/worker/operation.worker.js';
import { AuthorizePayment } from './application/authorize-payment.js';
import { CapturePayment } from './application/capture-payment.js';
import type { OpenCardToken, PaymentUnitOfWork } from './application/ports.js';
import { ReadPayment } from './application/read-payment.js';
import { ReceiveWebhook } from './application/receive-webhook.js';
import { RefundPayment } from './application/refund-payment.js';
import { RunOperation } from './application/run-operation.js';
import { VoidPayment } from './application/void-payment.js';
import type { PaymentSettings } from './config.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { CLOCK, WEBHOOK_SECRETS } from './tokens.js';

const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');

const clock = () => new Date();
const concurrencyOf = (settings: PaymentSettings): number =>
  settings.PSP_CONCURRENCY ?? workLimits(settings.DATABASE_POOL_MAX).operations;

function openerOf({ CARD_OPENING_KEYS }: PaymentSettings): OpenCardToken {
  const opener = new FieldOpener(CARD_OPENING_KEYS);
  return (sealed, paymentId) => opener.open(sealed, paymentId);
}

const adapters: Provider[] = [
  WakeSignal,
  { provide: CLOCK, useValue: clock },
  {
    provide: WEBHOOK_SECRETS,
    inject: [SETTINGS],
    useFactory: ({ PSP_WEBHOOK_SECRETS }: PaymentSettings) => PSP_WEBHOOK_SECRETS,
  },
  {
    provide: HttpPaymentProvider,
    inject: [SETTINGS],
    useFactory: (settings: PaymentSettings) =>
      new HttpPaymentProvider({
        url: settings.PSP_URL,
        apiKey: settings.PSP_API_KEY,
        timeoutMs: settings.PSP_TIMEOUT_MS,
        connections: concurrencyOf(settings),
      }),
  },
  {
    provide: UNIT_OF_WORK,
    inject: [PG_POOL, OutboxRelay, WakeSignal],
    useFactory: (pool: pg.Pool, relay: OutboxRelay, wakeSignal: WakeSignal) =>
      new PgUnitOfWork(pool, bindTransaction(relay, wakeSignal)),
  },
];

const commands: FactoryProvider[] = [CapturePayment, VoidPayment, RefundPayment].map((UseCase) => ({
  provide: UseCase,
  inject: [UNIT_OF_WORK],
  useFactory: (uow: PaymentUnitOfWork) => new UseCase(uow, clock),
}));

const useCases: FactoryProvider[] = [
  ...commands,
  {
    provide: AuthorizePayment,
    inject: [SETTINGS, UNIT_OF_WORK],
    useFactory: (settings: PaymentSettings, uow: PaymentUnitOfWork) =>
      new AuthorizePayment(uow, openerOf(settings), clock),
  },
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
    inject: [SETTINGS, UNIT_OF_WORK, HttpPaymentProvider],
    useFactory: (settings: PaymentSettings, uow: PaymentUnitOfWork, provider: HttpPaymentProvider) =>
      new RunOperation(uow, provider, openerOf(settings), clock, {
        readScheduleMs: settings.PAYMENT_RESOLVE_SCHEDULE_MS,
      }),
  },
];

const workers: FactoryProvider[] = [
  {
    provide: OperationWorker,
    inject: [SETTINGS, PG_POOL, RunOperation, WakeSignal],
    useFactory: (settings: PaymentSettings, pool: pg.Pool, run: RunOperation, wakeSignal: WakeSignal) => {
      const options = {
        concurrency: concurrencyOf(settings),
        pollMs: settings.PAYMENT_POLL_MS,
        // The longest execution reads, calls and reads again; the rest of the lease is for storing the outcome.
        leaseMs: 3 * settings.PSP_TIMEOUT_MS + 5_000,
      };
      return new OperationWorker(new PgOperationQueue(poolSql(pool)), run, options, wakeSignal);
    },
  },
  {
    provide: Housekeeping,
    inject: [PG_POOL],
    useFactory: (pool: pg.Pool) => new Housekeeping(poolSql(pool), [purgeInbox, purgeWebhooks]),
  },
];

/** The composition root: the only file that binds ports to adapters. `service.ts` adds what the capabilities provide. */
@Module({
  controllers: [PaymentsController, WebhooksController, CommandsHandler],
  providers: [...adapters, ...useCases, ...workers],
})
export class AppModule {}
