export { createPool } from './pool.js';
export { workLimits, type WorkLimits } from './work-limits.js';
export type { FairPool } from './fair-pool.js';
export { DatabaseUnsuitable, DatabaseUntrusted, sessionConfig, type ServerTrust } from './session.js';
export { databaseSettings, fieldKeySettings, type DatabaseSettings } from './settings.js';
export { DatabaseUnavailable, sqlStateOf, translatePgError, type WriteOutcome } from './errors.js';
export { alreadyHandled, type Delivery, type Sql, type SqlResult, type Transaction, type UnitOfWork } from './sql.js';
export { preparedName } from './prepared.js';
export { PgUnitOfWork, type UnitOfWorkOptions } from './unit-of-work.js';
export { poolSql } from './pool-sql.js';
export { MigrationChanged, MigrationFailed, MigrationRightsMissing, MigrationsPending } from './migrations/errors.js';
export type { MigrationSet, RepeatableScript } from './migrations/files.js';
export { migrate, verifyMigrations, type Applied, type MigrateOptions } from './migrations/migrate.js';
export { runMigrations } from './migrations/run-migrations.js';
export { waitForSchema } from './migrations/wait-for-schema.js';
export { persistenceMigrations } from './migrations/persistence-migrations.js';
export { canonicalJson, fingerprint } from './idempotency/fingerprint.js';
export {
  IdempotencyKeyInFlight,
  IdempotencyKeyReused,
  IdempotencyStore,
  type IdempotencyScope,
  type OnceResponse,
} from './idempotency/store.js';
export { purgeBatch, purgeIdempotency, purgeInbox } from './purge.js';
export { purgeSecurityEvents, SecurityLog } from './security-log.js';
export { CursorCodec, CursorInvalid, keysetPage } from './cursor.js';
export { FieldKeys } from './field-keys.js';
export { BlindIndex, FieldCipher, FieldDecryptionFailed, FieldKeyUnknown, type ColumnName } from './field-cipher.js';
export { FieldKeyRotation, type FieldKeyStatus, type RotationRun } from './rotation/field-key-rotation.js';
export type { SealedTable } from './rotation/sealed-table.js';
export { guardPrisma } from './guard-prisma.js';
export {
  etag,
  IfMatchMalformed,
  IfMatchRequired,
  parseIfMatch,
  versionIn,
  VersionStale,
  type ExpectedVersions,
} from './versions.js';
export { DatabaseHealth } from './nest/database-health.js';
export { Housekeeping, type Purge } from './nest/housekeeping.js';
export {
  PersistenceModule,
  PG_POOL,
  PRISMA,
  type PersistenceOptions,
  type PrismaClientLike,
} from './nest/persistence.module.js';
export { waitForDatabase, type WaitOptions } from './nest/wait.js';
