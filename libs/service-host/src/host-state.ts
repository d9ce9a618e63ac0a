import { CodedError } from '@causeway/errors';
import { CallStatistics } from '@causeway/telemetry';
import type { GovernanceRoute } from './health/governance-route.js';

/** The instance is stopping and the request would outlive it. Another instance, or its successor, will take it. */
export class ShuttingDown extends CodedError {
  readonly code = 'SHUTTING_DOWN';
  readonly remedy = 'Repeat the request: another instance will respond.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor() {
    super('this instance is shutting down');
  }
}

/**
 * The state of the process in its life cycle, injectable (`constructor(private readonly host: HostState)`). Endless
 * responses, such as event streams, must end when `stopping` fires; the stop does not wait for them.
 */
export class HostState {
  private readonly stop = new AbortController();
  private requests = 0;
  private sockets = 0;
  private limit = Number.POSITIVE_INFINITY;
  /** HTTP requests that are over. Errors are responses of 500 and above. */
  readonly statistics = new CallStatistics();
  /** True once everything has started. The host sets it right before the first "ready". */
  started = false;
  /** What the application contributes to the management port. */
  readonly governance: GovernanceRoute[] = [];

  /** Fires when the process is asked to stop, before anything is closed. */
  get stopping(): AbortSignal {
    return this.stop.signal;
  }

  get isStopping(): boolean {
    return this.stop.signal.aborted;
  }

  /** HTTP requests without a complete response. */
  get inFlight(): number {
    return this.requests;
  }

  /** Open connections to the HTTP port. */
  get connections(): number {
    return this.sockets;
  }

  /** Time left for work in flight, milliseconds, at least 0. Infinite until the stop begins. */
  get graceLeftMs(): number {
    return Math.max(0, this.limit - performance.now());
  }

  /** @param withinMs How long the stop may take from now. */
  beginStop(withinMs: number): void {
    if (this.isStopping) return;
    this.limit = performance.now() + withinMs;
    this.stop.abort();
  }

  requestBegan(): void {
    this.requests += 1;
  }

  requestEnded(): void {
    this.requests -= 1;
  }

  connectionOpened(): void {
    this.sockets += 1;
  }

  connectionClosed(): void {
    this.sockets -= 1;
  }
}
