import { DeadlineExceeded, type Deadline } from '@causeway/resilience';
import type pg from 'pg';
import { translatePgError } from './errors.js';

/**
 * Takes a connection from the pool. Waits no longer than the deadline, and no longer than DATABASE_CONNECT_TIMEOUT_MS
 * for a new connection to open.
 * @throws Overloaded when no connection becomes free in time. DatabaseUnavailable, DeadlineExceeded.
 */
export async function acquire(pool: pg.Pool, deadline: Deadline | undefined): Promise<pg.PoolClient> {
  const connecting = pool.connect().catch((error: unknown) => {
    throw translatePgError(error, 'not-applied');
  });
  // An idle connection needs no wait, so no timer.
  if (!deadline || pool.idleCount > 0) return connecting;
  return beforeDeadline(connecting, deadline, 'waiting for a database connection', (client) => client.release());
}

/**
 * Waits for a promise, at most until the deadline.
 * @param late Receives a value that arrives after the deadline.
 */
export function beforeDeadline<T>(
  promise: Promise<T>,
  deadline: Deadline,
  doing: string,
  late: (value: T) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      reject(new DeadlineExceeded(`the deadline of the request passed while ${doing}`));
    }, deadline.remainingMs());
    promise.then(
      (value) => {
        clearTimeout(timer);
        if (expired) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
