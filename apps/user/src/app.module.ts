import { AuthModule } from '@causeway/auth';
import { DiscoveryModule } from '@causeway/discovery';
import { jetStreamServer, type JetStreamServer, MessagingModule, NATS, Outbox, OutboxRelay } from '@causeway/messaging';
import {
  BlindIndex,
  FieldCipher,
  guardPrisma,
  Housekeeping,
  IdempotencyStore,
  PersistenceModule,
  PG_POOL,
  PgUnitOfWork,
  poolSql,
  PRISMA,
  type Transaction,
} from '@causeway/persistence';
import { HostState } from '@causeway/service-host';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import type pg from 'pg';
import { AddressesController } from './addresses/addresses.controller.js';
import { Addresses } from './addresses/addresses.js';
import { GetAddressHandler } from './addresses/get-address.handler.js';
import type { UserSettings } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';
import { IdempotentPosts } from './idempotent-posts.js';
import { migrations } from './migrations.js';
import { PgLoginThrottle } from './oidc/pg-login-throttle.js';
import { createProvider } from './oidc/provider.js';
import { SignIn } from './oidc/sign-in.js';
import { PgSigningKeys } from './oidc/pg-signing-keys.js';
import { purgesOf } from './purges.js';
import { version } from './version.js';
import { OIDC_PROVIDER, UNIT_OF_WORK, type UserUnitOfWork } from './tokens.js';
import { PasswordHasher } from './users/password-hasher.js';
import { Profiles } from './users/profiles.js';
import { Register } from './users/register.js';
import { UsersController } from './users/users.controller.js';

/** The composition root: the only file that binds ports to adapters. */
@Module({})
export class AppModule {
  /** What feeds the message handlers. */
  static transport(app: INestApplicationContext): JetStreamServer {
    return jetStreamServer(app);
  }

  static with(settings: UserSettings): DynamicModule {
    const cipher = new FieldCipher(settings.FIELD_KEYS);
    const index = new BlindIndex(settings.BLIND_INDEX_KEY);
    return {
      module: AppModule,
      imports: [
        PersistenceModule.forRoot({
          settings,
          migrations,
          // `minimal`: the longer messages quote the values of a query.
          prisma: (adapter) => guardPrisma(new PrismaClient({ adapter, errorFormat: 'minimal' })),
          applicationName: 'user',
        }),
        MessagingModule.forRoot({ service: 'user', settings }),
        DiscoveryModule.forRoot({
          settings,
          service: 'user',
          version,
          instanceId: settings.INSTANCE_ID,
          nats: NATS,
          host: HostState,
        }),
        AuthModule.forRoot(settings),
      ],
      controllers: [UsersController, AddressesController, GetAddressHandler],
      providers: [
        { provide: FieldCipher, useValue: cipher },
        { provide: BlindIndex, useValue: index },
        {
          provide: UNIT_OF_WORK,
          inject: [PG_POOL, OutboxRelay],
          useFactory: (pool: pg.Pool, relay: OutboxRelay): UserUnitOfWork =>
            new PgUnitOfWork(pool, (transaction: Transaction) => ({
              sql: transaction.sql,
              afterCommit: (fn: () => void) => transaction.afterCommit(fn),
              outbox: Outbox.within(transaction, 'user', relay),
              idempotency: new IdempotencyStore(transaction.sql),
            })),
        },
        {
          provide: IdempotentPosts,
          inject: [UNIT_OF_WORK],
          useFactory: (uow: UserUnitOfWork) => new IdempotentPosts(uow, cipher, settings.BLIND_INDEX_KEY),
        },
        {
          provide: PasswordHasher,
          useFactory: () =>
            new PasswordHasher({
              concurrency: settings.PASSWORD_HASH_CONCURRENCY,
              queue: settings.PASSWORD_HASH_QUEUE,
            }),
        },
        {
          provide: PgLoginThrottle,
          inject: [UNIT_OF_WORK],
          useFactory: (uow: UserUnitOfWork) =>
            new PgLoginThrottle(uow, index, {
              perAccount: settings.LOGIN_FAILURES_PER_ACCOUNT,
              perAddress: settings.LOGIN_FAILURES_PER_ADDRESS,
              windowMs: settings.LOGIN_WINDOW_MS,
            }),
        },
        {
          provide: OIDC_PROVIDER,
          inject: [UNIT_OF_WORK, PRISMA, Profiles],
          useFactory: async (uow: UserUnitOfWork, prisma: PrismaClient, profiles: Profiles) =>
            createProvider({ settings, keys: await new PgSigningKeys(uow, cipher).load(), prisma, cipher, profiles }),
        },
        {
          provide: Housekeeping,
          inject: [PG_POOL],
          useFactory: (pool: pg.Pool) =>
            new Housekeeping(poolSql(pool), purgesOf(settings), settings.HOUSEKEEPING_INTERVAL_MS),
        },
        Profiles,
        Register,
        Addresses,
        SignIn,
      ],
    };
  }
}
