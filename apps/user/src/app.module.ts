import { Outbox, OutboxRelay } from '@causeway/messaging';
import {
  BlindIndex,
  FieldCipher,
  Housekeeping,
  IdempotencyStore,
  PG_POOL,
  PgUnitOfWork,
  poolSql,
  PRISMA,
  SecurityLog,
  type Transaction,
} from '@causeway/persistence';
import { SETTINGS } from '@causeway/service-host';
import { Module, type FactoryProvider } from '@nestjs/common';
import type pg from 'pg';
import { AccountController } from './accounts/account.controller.js';
import { EmailConfirmation } from './accounts/email-confirmation.js';
import { Passwords } from './accounts/passwords.js';
import { AddressesController } from './addresses/addresses.controller.js';
import { Addresses } from './addresses/addresses.js';
import { GetAddressHandler } from './addresses/get-address.handler.js';
import type { UserSettings } from './config.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { IdempotentPosts } from './idempotent-posts.js';
import { MailQueue } from './mail/mail-queue.js';
import { MailThrottle } from './mail/mail-throttle.js';
import { createMailer } from './mail/mailer.js';
import { KnownBrowsers } from './oidc/known-browsers.js';
import { OidcIssuer } from './oidc/oidc-issuer.js';
import { PgLoginThrottle } from './oidc/pg-login-throttle.js';
import type { TokenReuse } from './oidc/prisma-oidc-adapter.js';
import { createProvider } from './oidc/provider.js';
import { SignIn } from './oidc/sign-in.js';
import { SignInAttempts } from './oidc/sign-in-attempts.js';
import { PgSigningKeys } from './oidc/pg-signing-keys.js';
import { PasskeySignIn } from './passkeys/passkey-sign-in.js';
import { Passkeys } from './passkeys/passkeys.js';
import { RelyingParty } from './passkeys/relying-party.js';
import { purgesOf } from './purges.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from './tokens.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { Sessions } from './sessions/sessions.js';
import { EmailProbes } from './users/email-probes.js';
import { PasswordHasher } from './users/password-hasher.js';
import { EraseAccount } from './users/erase-account.js';
import { Profiles } from './users/profiles.js';
import { Register } from './users/register.js';
import { Roles } from './users/roles.js';
import { UsersController } from './users/users.controller.js';

const adapters: FactoryProvider[] = [
  {
    provide: FieldCipher,
    inject: [SETTINGS],
    useFactory: ({ FIELD_KEYS }: UserSettings) => new FieldCipher(FIELD_KEYS),
  },
  {
    provide: BlindIndex,
    inject: [SETTINGS],
    useFactory: ({ BLIND_INDEX_KEY }: UserSettings) => new BlindIndex(BLIND_INDEX_KEY),
  },
  {
    provide: UNIT_OF_WORK,
    inject: [PG_POOL, OutboxRelay],
    useFactory: (pool: pg.Pool, relay: OutboxRelay): UserUnitOfWork =>
      new PgUnitOfWork(pool, (transaction: Transaction) => ({
        sql: transaction.sql,
        afterCommit: (fn: () => void) => transaction.afterCommit(fn),
        outbox: Outbox.within(transaction, 'user', relay),
        idempotency: new IdempotencyStore(transaction.sql),
        security: new SecurityLog(transaction),
      })),
  },
  {
    provide: IdempotentPosts,
    inject: [SETTINGS, UNIT_OF_WORK, FieldCipher],
    useFactory: ({ BLIND_INDEX_KEY }: UserSettings, uow: UserUnitOfWork, cipher: FieldCipher) =>
      new IdempotentPosts(uow, cipher, BLIND_INDEX_KEY),
  },
  {
    provide: Housekeeping,
    inject: [SETTINGS, PG_POOL],
    useFactory: (settings: UserSettings, pool: pg.Pool) =>
      new Housekeeping(poolSql(pool), purgesOf(settings), settings.HOUSEKEEPING_INTERVAL_MS),
  },
];

const mail: FactoryProvider[] = [
  {
    provide: MailQueue,
    inject: [SETTINGS, UNIT_OF_WORK, FieldCipher, BlindIndex],
    useFactory: (settings: UserSettings, uow: UserUnitOfWork, cipher: FieldCipher, index: BlindIndex) =>
      new MailQueue(uow, cipher, index, createMailer(settings), settings.AUTH_ISSUER),
  },
  {
    provide: MailThrottle,
    inject: [UNIT_OF_WORK, BlindIndex],
    useFactory: (uow: UserUnitOfWork, index: BlindIndex) => new MailThrottle(uow, index),
  },
  {
    provide: EmailProbes,
    inject: [SETTINGS, UNIT_OF_WORK, BlindIndex],
    useFactory: ({ EMAIL_TAKEN_PER_ADDRESS }: UserSettings, uow: UserUnitOfWork, index: BlindIndex) =>
      new EmailProbes(uow, index, EMAIL_TAKEN_PER_ADDRESS),
  },
];

const signIn: FactoryProvider[] = [
  {
    provide: RelyingParty,
    inject: [SETTINGS],
    useFactory: ({ AUTH_ISSUER }: UserSettings) => new RelyingParty(new URL(AUTH_ISSUER)),
  },
  {
    provide: PasswordHasher,
    inject: [SETTINGS],
    useFactory: ({ PASSWORD_HASH_CONCURRENCY, PASSWORD_HASH_QUEUE }: UserSettings) =>
      new PasswordHasher({ concurrency: PASSWORD_HASH_CONCURRENCY, queue: PASSWORD_HASH_QUEUE }),
  },
  {
    provide: PgLoginThrottle,
    inject: [SETTINGS, UNIT_OF_WORK, BlindIndex],
    useFactory: (settings: UserSettings, uow: UserUnitOfWork, index: BlindIndex) =>
      new PgLoginThrottle(uow, index, {
        perAccount: settings.LOGIN_FAILURES_PER_ACCOUNT,
        perAddress: settings.LOGIN_FAILURES_PER_ADDRESS,
        windowMs: settings.LOGIN_WINDOW_MS,
        beforeDelay: settings.LOGIN_FAILURES_BEFORE_DELAY,
        maxDelayMs: settings.LOGIN_MAX_DELAY_MS,
      }),
  },
  {
    provide: PgSigningKeys,
    inject: [SETTINGS, UNIT_OF_WORK, FieldCipher],
    useFactory: (settings: UserSettings, uow: UserUnitOfWork, cipher: FieldCipher) =>
      new PgSigningKeys(uow, cipher, {
        publishMs: settings.SIGNING_KEY_PUBLISH_MS,
        retireMs: settings.SIGNING_KEY_RETIRE_MS,
      }),
  },
  {
    provide: OidcIssuer,
    inject: [SETTINGS, UNIT_OF_WORK, PgSigningKeys, PRISMA, Profiles, Roles, FieldCipher, Sessions],
    useFactory: (
      settings: UserSettings,
      uow: UserUnitOfWork,
      signingKeys: PgSigningKeys,
      prisma: PrismaClient,
      profiles: Profiles,
      roles: Roles,
      cipher: FieldCipher,
      sessions: Sessions,
    ) =>
      OidcIssuer.start(
        () => signingKeys.load(),
        (keys) =>
          createProvider({
            settings,
            keys,
            prisma,
            cipher,
            profiles,
            roles,
            sessions,
            reuseDetected: recordReuse(uow),
          }),
        settings.SIGNING_KEY_POLL_MS,
      ),
  },
];

const recordReuse =
  (uow: UserUnitOfWork) =>
  ({ accountId, clientId }: TokenReuse): Promise<void> =>
    uow.single(({ security }) =>
      security.record({ type: 'token.reuse-detected', outcome: 'denied', actor: accountId, clientId }),
    );

/**
 * The composition root: the only file that binds ports to adapters. `service.ts` adds what the capabilities provide.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#modules-one-composition-root-no-forwardref-few-injectable
 */
@Module({
  controllers: [UsersController, AccountController, AddressesController, SessionsController, GetAddressHandler],
  providers: [
    ...adapters,
    ...mail,
    ...signIn,
    EmailConfirmation,
    Passwords,
    Passkeys,
    PasskeySignIn,
    EraseAccount,
    Profiles,
    Register,
    Roles,
    Addresses,
    Sessions,
    KnownBrowsers,
    SignIn,
    SignInAttempts,
  ],
})
export class AppModule {}
