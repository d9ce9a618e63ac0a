/**
 * Bounds retries to a fraction of the calls, so that retries can't multiply the load on a dependency that is already
 * failing. Each call puts `ratio` tokens in, each retry takes one out. The bucket starts full, and holds `burst`: in
 * the long run retries ≤ burst + ratio × calls.
 */
export class RetryBudget {
  private level: number;

  /**
   * @param ratio Retries per call. Default 0.1, the advice of the SRE book; Envoy's default is 0.2.
   * @param burst Retries that may come at once after a quiet time. Default 10.
   */
  constructor(
    private readonly ratio = 0.1,
    private readonly burst = 10,
  ) {
    this.level = burst;
  }

  get tokens(): number {
    return this.level;
  }

  deposit(): void {
    this.level = Math.min(this.burst, this.level + this.ratio);
  }

  /** False when the budget is spent. */
  tryWithdraw(): boolean {
    // Ten deposits of 0.1 sum up to 0.9999999999999999.
    if (this.level < 1 - 1e-9) return false;
    this.level = Math.max(0, this.level - 1);
    return true;
  }
}
