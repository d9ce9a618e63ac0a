/** The time after which what was earned above the burst counts for 37 %, milliseconds. */
const memoryMs = 10_000;

/**
 * Bounds retries to a fraction of the calls, so that retries can't multiply the load on a dependency that is already
 * failing. Each call puts `ratio` tokens in, each retry takes one out. The bucket starts with `burst` tokens: in the long
 * run retries ≤ burst + ratio × calls.
 *
 * What is above the burst fades, so it holds what the calls of the last ten seconds have earned. With `burst` as its
 * limit, an instance that died under 64 connections took more calls down with it than there were retries, at any load.
 */
export class RetryBudget {
  private level: number;
  private fadedAt: number;

  /**
   * @param ratio Retries per call. Default 0.1, the advice of the SRE book; Envoy's default is 0.2.
   * @param burst Retries that may come at once after a quiet time. Default 10.
   * @param now   Milliseconds. Default performance.now.
   */
  constructor(
    private readonly ratio = 0.1,
    private readonly burst = 10,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.level = burst;
    this.fadedAt = now();
  }

  get tokens(): number {
    this.fade();
    return this.level;
  }

  deposit(): void {
    this.fade();
    this.level += this.ratio;
  }

  /** False when the budget is spent. */
  tryWithdraw(): boolean {
    this.fade();
    // Ten deposits of 0.1 sum up to 0.9999999999999999.
    if (this.level < 1 - 1e-9) return false;
    this.level = Math.max(0, this.level - 1);
    return true;
  }

  private fade(): void {
    const now = this.now();
    if (this.level > this.burst)
      this.level = this.burst + (this.level - this.burst) * Math.exp((this.fadedAt - now) / memoryMs);
    this.fadedAt = now;
  }
}
