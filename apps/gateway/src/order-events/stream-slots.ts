import { CodedError } from '@causeway/errors';

/** The customer has as many streams open as allowed. */
class TooManyStreams extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Close a stream that you no longer need, or read the order instead.';
  override readonly retryAfterSeconds = 10;

  constructor(max: number) {
    super(`${max} streams of order events are open already`);
  }
}

/**
 * Counts the open streams of each customer. A stream costs one request and stays for minutes, so the rate limit does
 * not bound them.
 */
export class StreamSlots {
  private readonly taken = new Map<string, number>();

  /** @param max Streams of one customer, in this process. */
  constructor(private readonly max: number) {}

  /**
   * @returns A function that gives the slot back; further calls do nothing.
   * @throws TooManyStreams (429)
   */
  take(subject: string): () => void {
    const before = this.taken.get(subject) ?? 0;
    if (before >= this.max) throw new TooManyStreams(this.max);
    this.taken.set(subject, before + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.taken.get(subject)! - 1;
      if (left === 0) this.taken.delete(subject);
      else this.taken.set(subject, left);
    };
  }
}
