import { PG_POOL, PgUnitOfWork, poolSql, PRISMA } from '@causeway/persistence';
import { SETTINGS } from '@causeway/service-host';
import { Module, type FactoryProvider } from '@nestjs/common';
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

const providers: FactoryProvider[] = [
  {
    provide: APP_GUARD,
    inject: [SETTINGS],
    useFactory: ({ PSP_API_KEY }: SandboxSettings) => new ApiKeyGuard(PSP_API_KEY),
  },
  {
    provide: ChargesService,
    inject: [SETTINGS, PG_POOL],
    useFactory: (settings: SandboxSettings, pool: pg.Pool) => {
      const chaos = { seed: settings.PSP_SEED, ratio: settings.PSP_WEBHOOK_CHAOS };
      const unitOfWork = new PgUnitOfWork<SandboxTransaction>(pool, ({ sql }) => ({
        charges: new PgCharges(sql),
        keys: new PgIdempotencyKeys(sql),
        deliveries: new PgWebhookDeliveries(sql, chaos),
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
    inject: [SETTINGS, PG_POOL],
    useFactory: ({ PSP_WEBHOOK_URL: url, PSP_WEBHOOK_SECRET: secret }: SandboxSettings, pool: pg.Pool) =>
      new WebhookDispatcher(poolSql(pool), { url, secret }),
  },
];

/** The composition root. `service.ts` adds what the capabilities provide. */
@Module({ controllers: [ChargesController, LedgerController], providers })
export class AppModule {}
