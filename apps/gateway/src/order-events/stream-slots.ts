import { CodedError } from '@causeway/errors';
import { Overloaded } from '@causeway/resilience';

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
 * Counts the open streams, of each customer and in all. A stream costs one request and stays for minutes, so the rate limit does
 * not bound them.
 */
export class StreamSlots {
  private readonly taken = new Map<string, number>();
  private open = 0;

  /**
   * @param max Streams of one customer, in this process.
   * @param inAll Streams of all customers together, because anybody can register many accounts.
   */
  constructor(
    private readonly max: number,
    private readonly inAll: number,
  ) {}

  /**
   * @returns A function that gives the slot back; further calls do nothing.
   * @throws TooManyStreams (429), Overloaded (503)
   */
  take(subject: string): () => void {
    const before = this.taken.get(subject) ?? 0;
    if (before >= this.max) throw new TooManyStreams(this.max);
    if (this.open >= this.inAll)
      throw new Overloaded('as many streams of order events are open as this instance allows');
    this.taken.set(subject, before + 1);
    this.open += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.open -= 1;
      const left = this.taken.get(subject)! - 1;
      if (left === 0) this.taken.delete(subject);
      else this.taken.set(subject, left);
    };
  }
}
