import type { OutboxPort } from '@causeway/messaging';
import type { IdempotencyStore, SecurityLog, Transaction, UnitOfWork } from '@causeway/persistence';

/** What a transaction of this service offers. */
export interface UserTransaction extends Transaction {
  readonly outbox: OutboxPort;
  readonly idempotency: IdempotencyStore;
  readonly security: SecurityLog;
}

export type UserUnitOfWork = UnitOfWork<UserTransaction>;

/** Injection tokens of what has no class of its own here. */
export const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');
