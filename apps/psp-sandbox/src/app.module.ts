import { guardPrisma, PersistenceModule, PG_POOL, PgUnitOfWork, poolSql, PRISMA } from '@causeway/persistence';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type pg from 'pg';
import { ApiKeyGuard } from './api-key.guard.js';
import { PgCharges } from './pg-charges.js';
import { ChargesController } from './charges.controller.js';
import { ChargesService, type SandboxTransaction } from './charges.service.js';
import type { SandboxSettings } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';
import { PgIdempotencyKeys } from './pg-idempotency-keys.js';
import { PrismaLedgerReader } from './prisma-ledger-reader.js';
import { LedgerController } from './ledger.controller.js';
import { migrations } from './migrations.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { PgWebhookDeliveries } from './pg-webhook-deliveries.js';

@Module({})
export class AppModule {
  static create(settings: SandboxSettings): DynamicModule {
    const chaos = { seed: settings.PSP_SEED, ratio: settings.PSP_WEBHOOK_CHAOS };
    const target = { url: settings.PSP_WEBHOOK_URL, secret: settings.PSP_WEBHOOK_SECRET };
    const unitOfWork = (pool: pg.Pool) =>
      new PgUnitOfWork<SandboxTransaction>(pool, ({ sql }) => ({
        charges: new PgCharges(sql),
        keys: new PgIdempotencyKeys(sql),
        deliveries: new PgWebhookDeliveries(sql, chaos),
      }));
    return {
      module: AppModule,
      imports: [
        PersistenceModule.forRoot({
          settings,
          migrations,
          // `minimal`: the longer messages quote the values of a query.
          prisma: (adapter) => guardPrisma(new PrismaClient({ adapter, errorFormat: 'minimal' })),
          applicationName: 'psp-sandbox',
        }),
      ],
      controllers: [ChargesController, LedgerController],
      providers: [
        { provide: APP_GUARD, useFactory: () => new ApiKeyGuard(settings.PSP_API_KEY) },
        {
          provide: ChargesService,
          useFactory: (pool: pg.Pool) => new ChargesService(unitOfWork(pool), settings.PSP_SLOW_MS),
          inject: [PG_POOL],
        },
        {
          provide: PrismaLedgerReader,
          useFactory: (prisma: PrismaClient) => new PrismaLedgerReader(prisma),
          inject: [PRISMA],
        },
        {
          provide: WebhookDispatcher,
          useFactory: (pool: pg.Pool) => new WebhookDispatcher(poolSql(pool), target),
          inject: [PG_POOL],
        },
      ],
    };
  }
}
