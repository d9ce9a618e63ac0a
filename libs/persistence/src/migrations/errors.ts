import { CodedError } from '@causeway/errors';

/** The database lacks migrations or repeatable scripts that this build needs. */
export class MigrationsPending extends CodedError {
  readonly code = 'MIGRATIONS_PENDING';
  readonly remedy = 'Run the `migrate` command of the service (a Job on Kubernetes; `npm start` runs it).';
  override readonly retryable = true;

  /** @param pending `set/name` of each. */
  constructor(readonly pending: readonly string[]) {
    super(`${pending.length} migration(s) are not applied: ${pending.join(', ')}`);
  }
}

/** The file of an applied migration has changed. */
export class MigrationChanged extends CodedError {
  readonly code = 'MIGRATION_CHANGED';
  readonly remedy = 'Restore the file as it was applied, and put the change into a new migration.';

  /** @param changed `set/name` of each. */
  constructor(readonly changed: readonly string[]) {
    super(`applied migration(s) were edited: ${changed.join(', ')}`);
  }
}

/** The role that `migrate` connects with may not change the schema. */
export class MigrationRightsMissing extends CodedError {
  readonly code = 'MIGRATION_RIGHTS_MISSING';
  readonly remedy =
    'Give `migrate` the role that owns the database, in MIGRATION_DATABASE_URL; DATABASE_URL belongs to the role that the service runs with, which owns nothing.';

  constructor(reason: string, options?: ErrorOptions) {
    super(`the role may not migrate this database: ${reason}`, options);
  }
}

/** A migration or repeatable script failed. It left nothing behind, unless it runs without a transaction. */
export class MigrationFailed extends CodedError {
  readonly code = 'MIGRATION_FAILED';
  readonly remedy = 'Correct the migration (it is not recorded as applied), and run `migrate` again.';

  /** @param migration `set/name`. */
  constructor(
    readonly migration: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`migration ${migration} failed: ${reason}`, options);
  }
}
