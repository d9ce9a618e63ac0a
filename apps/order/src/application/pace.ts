import { Admission, currentDeadline, withoutDeadline, type Release } from '@causeway/resilience';

/** Tells which orders are still under way. */
export interface OpenOrders {
  /** @returns those of `orderIds` whose saga has not ended. */
  stillOpen(orderIds: readonly string[]): Promise<readonly string[]>;
}

/** Lets orders be placed at the pace at which they end. */
export interface Pacing {
  /**
   * Comes back when an order may be placed.
   * @returns To be called once, when the placing is over: with the id of an order that was placed.
   * @throws Overloaded when its turn would not come in time.
   */
  admit(): Promise<(orderId?: string) => void>;
}

export interface PaceOptions {
  /** Orders of this instance that may be under way. */
  readonly at: number;
  /** The longest wait, milliseconds; less where the deadline of the request would not leave enough for placing it. Default 2 250. */
  readonly maxWaitMs?: number;
  /** How often the database is asked what has ended while somebody waits, milliseconds. Default 100. */
  readonly pollMs?: number;
  /** An order that takes longer, milliseconds, waits for something else than its turn, and does not count. Default 10 000. */
  readonly slowAfterMs?: number;
  /** When no order has ended for so long, milliseconds, something is broken, and waiting does not help. Default 5 000. */
  readonly stallAfterMs?: number;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

interface Open {
  readonly since: number;
  readonly leave: Release;
}

/** What a placing takes after it had its turn, milliseconds. */
const placingMs = 750;
/** So many times `at` orders are remembered during a standstill, to see when it is over. */
const remembered = 4;

/**
 * Backpressure for the saga: accepting an order costs a fraction of carrying it through, so that without it a rush of customers starves the
 * orders that are placed already. While too many of this instance are under way, a new one waits for another to end, and is refused at once
 * when that would take too long. When nothing ends at all (the payment provider is down), that is no rush: orders are accepted without a pause.
 */
export class Pace implements Pacing {
  private readonly options: Required<PaceOptions>;
  private readonly slots: Admission;
  /** Placed here and not known to have ended, the oldest first. */
  private readonly open = new Map<string, Open>();
  private movedAt: number;
  /** Orders come, and none ends. */
  private stalled = false;
  private polling: Promise<void> | undefined;

  constructor(
    private readonly orders: OpenOrders,
    options: PaceOptions,
  ) {
    const defaults = {
      maxWaitMs: 2_250,
      pollMs: 100,
      slowAfterMs: 10_000,
      stallAfterMs: 5_000,
      now: () => performance.now(),
    };
    this.options = { ...defaults, ...options };
    this.slots = new Admission('orders', options.at, this.options.now);
    this.movedAt = this.options.now();
  }

  async admit(): Promise<(orderId?: string) => void> {
    if (this.stalled || this.slots.isFull) this.startPolling();
    else this.movedAt = this.options.now();
    const leave = this.stalled ? noSlot : await this.slots.acquire('request', this.longestWaitMs());
    return (orderId) => {
      if (orderId === undefined) leave();
      else this.keep(orderId, { since: this.options.now(), leave });
    };
  }

  /** It outlives the request that begins it, and its deadline. */
  private startPolling(): void {
    this.polling ??= withoutDeadline(() => this.poll()).finally(() => (this.polling = undefined));
  }

  private longestWaitMs(): number {
    const leftMs = (currentDeadline()?.remainingMs() ?? Infinity) - placingMs;
    return Math.max(0, Math.min(this.options.maxWaitMs, leftMs));
  }

  private keep(orderId: string, open: Open): void {
    this.open.set(orderId, open);
    if (this.open.size > remembered * this.options.at) this.forget(this.open.keys().next().value!);
  }

  private forget(orderId: string): void {
    this.open.get(orderId)?.leave();
    this.open.delete(orderId);
  }

  /** Finds out what has ended, again and again while somebody waits. */
  private async poll(): Promise<void> {
    do {
      await this.forgetEnded();
      this.stalled = this.options.now() - this.movedAt > this.options.stallAfterMs;
      // Their slots would be kept for nothing. The orders are remembered, to see when it is over.
      if (this.stalled) for (const { leave } of this.open.values()) leave();
      await new Promise((resolve) => setTimeout(resolve, this.options.pollMs));
    } while (this.slots.queued > 0);
  }

  private async forgetEnded(): Promise<void> {
    const asked = [...this.open.keys()];
    const stillOpen = new Set(await this.orders.stillOpen(asked).catch(() => asked));
    const now = this.options.now();
    for (const orderId of asked) {
      const ended = !stillOpen.has(orderId);
      if (ended) this.movedAt = now;
      const { since = now } = this.open.get(orderId) ?? {};
      if (ended || now - since > this.options.slowAfterMs) this.forget(orderId);
    }
  }
}

const noSlot: Release = () => undefined;

/** No pace: every order is placed at once. */
export const unpaced: Pacing = { admit: () => Promise.resolve(() => undefined) };
