import { Admission, currentDeadline, withoutDeadline, type Release } from '@causeway/resilience';

/** Knows which orders are unfinished. */
export interface OpenOrders {
  /** @returns Those of `orderIds` whose saga has not ended. */
  stillOpen(orderIds: readonly string[]): Promise<readonly string[]>;
}

/** Admits new orders at the pace at which orders end. */
export interface Pacing {
  /**
   * Waits until an order may be placed.
   * @returns A function to call once, when placing has ended: with the order's id if it was placed.
   * @throws Overloaded when the wait would be too long.
   */
  admit(): Promise<(orderId?: string) => void>;
}

export interface PaceOptions {
  /** Most unfinished orders of this instance. */
  readonly at: number;
  /**
   * Longest wait, milliseconds; less where the request's deadline would not leave enough for placing. Default 2 250.
   */
  readonly maxWaitMs?: number;
  /** Pause between two polls of the database while requests wait, milliseconds. Default 100. */
  readonly pollMs?: number;
  /**
   * An order that is unfinished for longer, milliseconds, waits for something other than load, and no longer counts.
   * Default 10 000.
   */
  readonly slowAfterMs?: number;
  /**
   * When no order has ended for this long, milliseconds, something is broken and waiting does not help. Default 5 000.
   */
  readonly stallAfterMs?: number;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

interface Open {
  readonly since: number;
  readonly leave: Release;
}

/** Time that placing takes after admission, milliseconds. */
const placingMs = 750;
/** How many times `at` orders are remembered during a stall, to see when it ends. */
const remembered = 4;

/**
 * Backpressure for the saga. Accepting an order costs a fraction of completing it, so without backpressure a rush of
 * customers starves the orders that are already placed. While this instance has too many unfinished orders, a new one
 * waits for another to end, and is refused at once if that would take too long. When no order ends at all, the cause is
 * not a rush but, say, a payment provider that is down: new orders are then accepted without delay.
 */
export class Pace implements Pacing {
  private readonly options: Required<PaceOptions>;
  private readonly slots: Admission;
  /** Orders placed here that are not known to have ended, oldest first. */
  private readonly open = new Map<string, Open>();
  private lastEndAt: number;
  /** True while orders arrive and none ends. */
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
    this.lastEndAt = this.options.now();
  }

  async admit(): Promise<(orderId?: string) => void> {
    if (this.stalled || this.slots.isFull) this.startPolling();
    else this.lastEndAt = this.options.now();
    const leave = this.stalled ? noSlot : await this.slots.acquire('request', this.longestWaitMs());
    return (orderId) => {
      if (orderId === undefined) leave();
      else this.keep(orderId, { since: this.options.now(), leave });
    };
  }

  /** Polling outlives the request that starts it, and the request's deadline. */
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

  /** Finds out which orders have ended, and repeats that while requests wait. */
  private async poll(): Promise<void> {
    do {
      await this.forgetEnded();
      this.stalled = this.options.now() - this.lastEndAt > this.options.stallAfterMs;
      // Frees all slots, which nothing would use. The orders stay in `open`, to see when the stall ends.
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
      if (ended) this.lastEndAt = now;
      const { since = now } = this.open.get(orderId) ?? {};
      if (ended || now - since > this.options.slowAfterMs) this.forget(orderId);
    }
  }
}

const noSlot: Release = () => undefined;

/** Admits every order at once. */
export const unpaced: Pacing = { admit: () => Promise.resolve(() => undefined) };
