import { circuitBreaker, CircuitState, handleAll, isBrokenCircuitError, type CircuitBreakerPolicy } from 'cockatiel';
import { CircuitOpen } from './errors.js';
import { FailureWindow } from './failure-window.js';

export interface BreakerOptions {
  /** Fraction of failed calls at which it opens. Default 0.5. */
  readonly threshold?: number;
  /** It never opens below this number of calls in the window. Default 20. */
  readonly minCalls?: number;
  /** Length of the window, milliseconds. Default 10 000. */
  readonly windowMs?: number;
  /** How long it stays open before it lets probes through, milliseconds. Default 5 000. */
  readonly openMs?: number;
  /** Calls that must succeed before it closes; one failure among them opens it again. Default 3. */
  readonly probes?: number;
}

export type BreakerState = 'closed' | 'half-open' | 'open';

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** cockatiel's state machine with our window. While half-open it refuses what is not a probe; cockatiel alone would let it wait for the probes. */
export class Breaker {
  private readonly window: FailureWindow;
  private readonly policy: CircuitBreakerPolicy;
  private readonly openMs: number;
  private readonly probes: number;
  private openedAt = 0;
  private admitted = 0;

  constructor(
    private readonly name: string,
    { threshold = 0.5, minCalls = 20, windowMs = 10_000, openMs = 5_000, probes = 3 }: BreakerOptions,
    onChange: (state: BreakerState) => void,
  ) {
    this.openMs = openMs;
    this.probes = probes;
    this.window = new FailureWindow(threshold, minCalls, windowMs);
    this.policy = circuitBreaker(handleAll, {
      breaker: this.window,
      halfOpenAfter: openMs,
      halfOpenSampling: { calls: probes, threshold: 0 },
    });
    this.policy.onStateChange((state) => {
      if (state === CircuitState.Open) this.openedAt = Date.now();
      if (state === CircuitState.HalfOpen) this.admitted = 0;
      onChange(nameOf(state));
    });
  }

  get state(): BreakerState {
    return nameOf(this.policy.state);
  }

  counts(): { calls: number; failures: number } {
    return this.window.counts();
  }

  /** @throws CircuitOpen where a call would be refused. */
  check(): void {
    const sinceMs = Date.now() - this.openedAt;
    if (this.policy.state === CircuitState.Open && sinceMs < this.openMs)
      throw new CircuitOpen(this.name, this.openMs - sinceMs);
    if (this.policy.state === CircuitState.HalfOpen && this.admitted >= this.probes)
      throw new CircuitOpen(this.name, this.openMs);
  }

  /** @param counts Whether an error is the dependency's fault. Any other error counts as an answer, that is as a success. */
  async execute<T>(fn: () => Promise<T>, counts: (error: unknown) => boolean): Promise<T> {
    this.check();
    if (this.policy.state === CircuitState.HalfOpen) this.admitted += 1;
    const outcome = await this.guarded<Outcome<T>>(async () => {
      try {
        return { value: await fn() };
      } catch (error) {
        if (counts(error)) throw error;
        return { error };
      }
    });
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  private async guarded<T>(fn: () => Promise<T>): Promise<T> {
    const wasOpen = this.state === 'open';
    const running = this.policy.execute(fn);
    // The first call after the pause turns open into half-open, synchronously: it is the first probe.
    if (wasOpen && this.policy.state === CircuitState.HalfOpen) this.admitted = 1;
    try {
      return await running;
    } catch (error) {
      throw isBrokenCircuitError(error) ? new CircuitOpen(this.name, this.openMs) : error;
    }
  }
}

const nameOf = (state: CircuitState): BreakerState => {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
};
