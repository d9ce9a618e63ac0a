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

/** Calls and failures of the window; while the breaker is not closed, those that opened it. */
export interface BreakerCounts {
  readonly calls: number;
  readonly failures: number;
}

/**
 * All that the breaker knows. Each change makes a new object, so a call can tell whether the state it began in is still
 * current.
 */
export type BreakerPhase =
  | { readonly kind: 'closed'; readonly window: FailureWindow }
  | { readonly kind: 'open'; readonly until: number; readonly counts: BreakerCounts }
  | { readonly kind: 'half-open'; admitted: number; succeeded: number; readonly counts: BreakerCounts };

export type BreakerState = BreakerPhase['kind'];

/**
 * Circuit breaker. Closed, it counts calls and opens at `threshold` of at least `minCalls`. Open, it refuses everything
 * for `openMs`. Half-open, it admits `probes` calls and refuses the others at once: they would only wait for what the
 * probes find out.
 *
 * The result of a call counts in the state in which the call began, and is dropped when that state is over: calls that
 * began before an outage was noticed decide nothing about the probes after it.
 */
export class Breaker {
  private current: BreakerPhase;
  private readonly options: Required<BreakerOptions>;

  constructor(
    private readonly name: string,
    options: BreakerOptions,
    private readonly onChange: (state: BreakerState, counts: BreakerCounts) => void,
  ) {
    this.options = { threshold: 0.5, minCalls: 20, windowMs: 10_000, openMs: 5_000, probes: 3, ...options };
    this.current = this.closed();
  }

  get state(): BreakerState {
    return this.current.kind;
  }

  counts(): BreakerCounts {
    return this.current.kind === 'closed' ? this.current.window.counts() : this.current.counts;
  }

  /** @throws CircuitOpen where a call would be refused. */
  check(): void {
    const { current } = this;
    const { openMs, probes } = this.options;
    if (current.kind === 'open') {
      const leftMs = current.until - performance.now();
      if (leftMs > 0) throw new CircuitOpen(this.name, leftMs);
    }
    if (current.kind === 'half-open' && current.admitted >= probes) throw new CircuitOpen(this.name, openMs);
  }

  /**
   * Begins a call, which the caller must {@link end}.
   * @returns The state in which it began: its result counts only there.
   * @throws CircuitOpen
   */
  begin(): BreakerPhase {
    this.check();
    if (this.current.kind === 'open')
      this.change({ kind: 'half-open', admitted: 0, succeeded: 0, counts: this.current.counts });
    if (this.current.kind === 'half-open') this.current.admitted += 1;
    return this.current;
  }

  /** @param failed Whether it ended with an error that is the dependency's fault. Any other error is a response. */
  end(begunIn: BreakerPhase, failed: boolean): void {
    if (begunIn !== this.current) return;
    if (begunIn.kind === 'closed') {
      begunIn.window.record(failed);
      if (failed && this.tooMany(begunIn.window.counts())) this.open();
    } else if (begunIn.kind === 'half-open') {
      if (failed) return this.open();
      begunIn.succeeded += 1;
      if (begunIn.succeeded === this.options.probes) this.change(this.closed());
    }
  }

  private tooMany({ calls, failures }: BreakerCounts): boolean {
    return calls >= this.options.minCalls && failures >= this.options.threshold * calls;
  }

  private open(): void {
    this.change({ kind: 'open', until: performance.now() + this.options.openMs, counts: this.counts() });
  }

  private closed(): BreakerPhase {
    return { kind: 'closed', window: new FailureWindow(this.options.windowMs) };
  }

  private change(next: BreakerPhase): void {
    this.current = next;
    this.onChange(next.kind, this.counts());
  }
}
