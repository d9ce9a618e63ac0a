import { describeExit, type ManagedProcess, type ProcessOptions } from './managed-process.js';
import type { Running } from './running.js';

/** Reports a process that ended by itself and, where the system is supervised, starts it again. */
export const onLost =
  (
    running: Running,
    supervise: boolean | undefined,
    afterRestart?: () => Promise<unknown>,
  ): NonNullable<ProcessOptions['onLost']> =>
  (lost, exit) => {
    if (running.stopping) return;
    running.warn(`${lost.name} ended (${describeExit(exit)}); its log: ${lost.logFile}`);
    if (supervise) void revive(running, lost, afterRestart);
  };

/** Starts it again until it stays or the system stops: after 1 s, 2 s, 4 s, at most 10 s. */
async function revive(running: Running, lost: ManagedProcess, afterRestart?: () => Promise<unknown>): Promise<void> {
  for (let delayMs = 1_000; !running.stopping; delayMs = Math.min(delayMs * 2, 10_000)) {
    await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    if (running.stopping || lost.running) return;
    try {
      await lost.start();
      await afterRestart?.();
      // The stop may have begun, and missed it, while it was starting.
      if (running.stopping) await lost.stop();
      else running.say(`${lost.name} runs again`);
      return;
    } catch (error) {
      running.warn((error as Error).message);
    }
  }
}
