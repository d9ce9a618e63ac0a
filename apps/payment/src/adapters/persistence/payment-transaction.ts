import { Outbox } from '@causeway/messaging';
import { SecurityLog, type Transaction } from '@causeway/persistence';
import type { PaymentTransaction } from '../../application/ports.js';
import { PgOperations } from './pg-operations.js';
import { PgPayments } from './pg-payments.js';

interface Wakeable {
  wake(): void;
}

/** Binds the repositories to a transaction. Its commit wakes the outbox relay and the operation worker. */
export const bindTransaction =
  (relay: Wakeable, worker: Wakeable) =>
  (transaction: Transaction): PaymentTransaction => ({
    payments: new PgPayments(transaction.sql),
    operations: new PgOperations(transaction.sql, () => transaction.afterCommit(() => worker.wake())),
    outbox: Outbox.within(transaction, 'payment', relay),
    security: new SecurityLog(transaction),
  });
