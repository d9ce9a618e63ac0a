import { CodedError } from '@causeway/errors';

/** This instance is about to end, and what was asked for would outlive it. Another instance, or this one's successor, takes it. */
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
 * Where a process is in its life, in one object that Nest can inject (`constructor(private readonly host: HostState)`).
 * Long answers, such as event streams, end themselves when `stopping` fires: nobody waits for them.
 */
export class HostState {
  private readonly stop = new AbortController();
  private requests = 0;
  private sockets = 0;
  private limit = Number.POSITIVE_INFINITY;
  /** Everything is started: set by the host right before the first "ready" is answered. */
  started = false;

  /** Fires when the process was asked to stop, before anything is closed. */
  get stopping(): AbortSignal {
    return this.stop.signal;
  }

  get isStopping(): boolean {
    return this.stop.signal.aborted;
  }

  /** HTTP requests that have no complete answer yet. */
  get inFlight(): number {
    return this.requests;
  }

  /** Connections that are open to the HTTP port. */
  get connections(): number {
    return this.sockets;
  }

  /** Milliseconds that what is in flight may still take; unlimited until the stop began. At least 0. */
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
