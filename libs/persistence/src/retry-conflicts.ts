import { fullJitterMs } from '@causeway/resilience';
import { DatabaseUnavailable, sqlStateOf } from './errors.js';
import { isStale } from './prepared.js';

export interface RetryConflictsOptions {
  /** Most retries. Default 3. */
  readonly maxRetries?: number;
  /** Source of the jitter between tries, 0 to 1. Default Math.random. */
  readonly random?: () => number;
}

/** Serialization failure and deadlock: the server rolled back so that another transaction could continue. */
const conflicts: ReadonlySet<string | undefined> = new Set(['40001', '40P01']);

/** True when nothing was done and a repetition may succeed. */
export const isConflict = (error: unknown): boolean => conflicts.has(sqlStateOf(error)) || isStale(error);

/**
 * Repeats work that the server rolled back because of a conflict, or because a migration changed a prepared statement,
 * 10–200 ms apart (full jitter).
 * @throws DatabaseUnavailable after the last try. Any other error is thrown at once.
 */
export async function retryConflicts<T>(once: () => Promise<T>, options: RetryConflictsOptions = {}): Promise<T> {
  const { maxRetries = 3, random = Math.random } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt > maxRetries) {
        throw new DatabaseUnavailable({ cause: error, detail: 'too many concurrent changes to the same rows' });
      }
      await new Promise((resolve) => setTimeout(resolve, fullJitterMs(attempt, 10, 200, random)));
    }
  }
}
