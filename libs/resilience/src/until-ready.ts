import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilReadyOptions {
  /** Says in a few words why an attempt failed. Throws errors that waiting will not fix; they end the wait. */
  readonly reasonOf: (error: unknown) => string;
  /** Logs what is missing: after the first failure, when the reason changes, and every `remindMs`. */
  readonly remind: (reason: string) => void;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Pause between attempts, milliseconds. Default 500. */
  readonly pauseMs?: number | undefined;
  /** Milliseconds. Default 5 000. */
  readonly remindMs?: number | undefined;
}

/**
 * Waits at start for what a process cannot work without, such as the database, as long as it takes: repeats `attempt`
 * until it succeeds.
 * @returns What the attempt returned.
 * @throws What `reasonOf` throws; the reason of `signal`.
 */
export async function untilReady<T>(
  attempt: () => Promise<T>,
  { reasonOf, remind, signal, pauseMs = 500, remindMs = 5_000 }: UntilReadyOptions,
): Promise<T> {
  let reminded: string | undefined;
  let remindedAt = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== reminded || performance.now() - remindedAt >= remindMs) {
        remind(reason);
        reminded = reason;
        remindedAt = performance.now();
      }
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // aborted: thrown above, as it is
  }
}
