import { DeadlineExceeded, type Deadline } from '@causeway/resilience';
import type pg from 'pg';
import { translatePgError } from './errors.js';

/**
 * Takes a connection from the pool, waiting no longer than the deadline (and to open one no longer than DATABASE_CONNECT_TIMEOUT_MS).
 * @throws Overloaded when none becomes free in time; DatabaseUnavailable, DeadlineExceeded.
 */
export async function acquire(pool: pg.Pool, deadline: Deadline | undefined): Promise<pg.PoolClient> {
  const connecting = pool.connect().catch((error: unknown) => {
    throw translatePgError(error, 'not-applied');
  });
  // With a connection at hand there is nothing to wait for, and a timer would be a waste.
  if (!deadline || pool.idleCount > 0) return connecting;
  return beforeDeadline(connecting, deadline, 'waiting for a database connection', (client) => client.release());
}

/**
 * Waits for a promise, at most until the deadline.
 * @param late Gets the value that came too late for the caller.
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
