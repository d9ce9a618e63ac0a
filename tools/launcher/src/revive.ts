import type { Running } from './running.js';

/** A process that can be started again. */
export interface Revivable {
  readonly id: string;
  readonly running: boolean;
  start(): Promise<void>;
  stop(): Promise<unknown>;
}

/** Starts it again until it stays or the system stops: after 1 s, 2 s, 4 s, at most 10 s. */
export async function revive(running: Running, lost: Revivable): Promise<void> {
  for (let delayMs = 1_000; !running.stopping; delayMs = Math.min(delayMs * 2, 10_000)) {
    await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    if (running.stopping || lost.running) return;
    try {
      await lost.start();
      // The stop may have begun, and passed it by, while it was starting.
      if (running.stopping) await lost.stop();
      else running.say(`${lost.id} runs again`);
      return;
    } catch (error) {
      running.warn((error as Error).message);
    }
  }
}
