/**
 * Wakes a worker of this process when there is work, so that it does not have to wait for its next poll. Correctness
 * must not depend on it: work that another process adds is found by the poll.
 */
export class WakeSignal {
  private woken = false;
  private resume: (() => void) | undefined;

  /** Ends the current wait or, if the worker is busy, its next one. Several calls count once. */
  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /**
   * Resolves when woken, or after `maxMs`. For a single waiting loop, which keeps its own deadline and trace instead of
   * those of the caller of `wake`.
   */
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
