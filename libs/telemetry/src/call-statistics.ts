/** Counts what one endpoint of this process has served since the start. Metrics have more, and over time. */
export class CallStatistics {
  private count = 0;
  private failures = 0;
  private last = '';
  private total = 0;

  get calls(): number {
    return this.count;
  }

  get errors(): number {
    return this.failures;
  }

  /** The code of the last error; empty without one. */
  get lastError(): string {
    return this.last;
  }

  /** All calls together, milliseconds. */
  get totalMs(): number {
    return this.total;
  }

  /**
   * Counts a call that is over.
   * @param error Code of the error, if it was one.
   */
  record(ms: number, error?: string): void {
    this.count += 1;
    this.total += ms;
    if (error === undefined) return;
    this.failures += 1;
    this.last = error;
  }
}
