/**
 * Wakes the operation worker of this process when there is work. Without it, and for work that another process added,
 * the worker's poll finds it.
 */
export class WakeSignal {
  private woken = false;
  private resume: (() => void) | undefined;

  /** Ends the current wait, or the next one if nothing is waiting. */
  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /** Resolves when woken, or after `maxMs`. The waiting loop keeps its own deadline and trace: it awaits a promise. */
  async wait(maxMs: number): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        this.resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.resume = undefined;
    }
    this.woken = false;
  }
}
