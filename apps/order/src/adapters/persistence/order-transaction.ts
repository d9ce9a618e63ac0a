import { Outbox } from '@causeway/messaging';
import { SecurityLog, type Transaction } from '@causeway/persistence';
import type { OrderTransaction, Timing } from '../../application/ports.js';
import type { OrderSealing } from './order-row.js';
import { PgOrders } from './pg-orders.js';
import { PgOrderResponses } from './pg-order-responses.js';

/** Binds the repositories of the order service to a transaction of `PgUnitOfWork`. */
export const bindTransaction =
  (sealing: OrderSealing, timing: Timing, relay: { wake(): void }) =>
  (transaction: Transaction): OrderTransaction => ({
    orders: new PgOrders(transaction, sealing, timing, relay),
    outbox: Outbox.within(transaction, 'order', relay),
    responses: new PgOrderResponses(transaction.sql, sealing),
    security: new SecurityLog(transaction),
  });
