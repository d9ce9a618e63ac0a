import { setTimeout as sleep } from 'node:timers/promises';
import { UnexpectedResponse } from './customer.js';

/** Too slow, overloaded, or not there yet: the remedy in the response is to try again. */
const worthARetry = [502, 503, 504];

/**
 * Repeats a step that was answered late or not at all, as a client should: a step that creates something takes the same
 * idempotency key each time. On a slow or busy machine a first request may take longer than the deadline of the gateway.
 *
 * @param withinMs From the first attempt, milliseconds. What fails later is final.
 * @param say Receives a line about each repetition.
 */
export async function patiently<T>(
  step: () => Promise<T>,
  { withinMs, say }: { readonly withinMs: number; readonly say: (line: string) => void },
): Promise<T> {
  for (const limitAt = performance.now() + withinMs; ;) {
    try {
      return await step();
    } catch (error) {
      const again = error instanceof UnexpectedResponse && worthARetry.includes(error.status);
      if (!again || performance.now() > limitAt) throw error;
      say(`  once more    ${error.call} answered ${error.status}: this machine is slow or busy`);
    }
    await sleep(500);
  }
}
