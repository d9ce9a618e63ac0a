import { PG_POOL, PgUnitOfWork, poolSql, PRISMA } from '@causeway/persistence';
import { WakeSignal } from '@causeway/resilience';
import { SETTINGS } from '@causeway/service-host';
import { Module, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type pg from 'pg';
import { ApiKeyGuard } from './api-key.guard.js';
import { PgCharges } from './pg-charges.js';
import { ChargesController } from './charges.controller.js';
import { ChargesService, type SandboxTransaction } from './charges.service.js';
import type { SandboxSettings } from './config.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { PgIdempotencyKeys } from './pg-idempotency-keys.js';
import { PrismaLedgerReader } from './prisma-ledger-reader.js';
import { LedgerController } from './ledger.controller.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { PgWebhookDeliveries } from './pg-webhook-deliveries.js';

const providers: Provider[] = [
  WakeSignal,
  {
    provide: APP_GUARD,
    inject: [SETTINGS],
    useFactory: ({ PSP_API_KEY }: SandboxSettings) => new ApiKeyGuard(PSP_API_KEY),
  },
  {
    provide: ChargesService,
    inject: [SETTINGS, PG_POOL, WakeSignal],
    useFactory: (settings: SandboxSettings, pool: pg.Pool, dispatcher: WakeSignal) => {
      const chaos = { seed: settings.PSP_SEED, ratio: settings.PSP_WEBHOOK_CHAOS };
      const unitOfWork = new PgUnitOfWork<SandboxTransaction>(pool, ({ sql, afterCommit }) => ({
        charges: new PgCharges(sql),
        keys: new PgIdempotencyKeys(sql),
        deliveries: new PgWebhookDeliveries(sql, chaos, () => afterCommit(() => dispatcher.wake())),
      }));
      return new ChargesService(unitOfWork, settings.PSP_SLOW_MS);
    },
  },
  {
    provide: PrismaLedgerReader,
    inject: [PRISMA],
    useFactory: (prisma: PrismaClient) => new PrismaLedgerReader(prisma),
  },
  {
    provide: WebhookDispatcher,
    inject: [SETTINGS, PG_POOL, WakeSignal],
    useFactory: (
      { PSP_WEBHOOK_URL: url, PSP_WEBHOOK_SECRET: secret }: SandboxSettings,
      pool: pg.Pool,
      wakeSignal: WakeSignal,
    ) => new WebhookDispatcher(poolSql(pool), { url, secret }, wakeSignal),
  },
];

/** The composition root. `service.ts` adds what the capabilities provide. */
@Module({ controllers: [ChargesController, LedgerController], providers })
export class AppModule {}
