import { CircuitState, type IBreaker } from 'cockatiel';

const slotCount = 10;

interface Slot {
  id: number;
  calls: number;
  failures: number;
}

/**
 * Decides when cockatiel's breaker opens: at `threshold` of at least `minCalls` calls in the last `windowMs`.
 *
 * cockatiel's own SamplingBreaker moves its window on by one slot per call: after a quiet hour the failures of the last busy seconds still
 * count. CountBreaker has no time at all. Here a slot is valid by its number, so nothing older than the window is ever counted.
 */
export class FailureWindow implements IBreaker {
  private slots: Slot[] = Array.from({ length: slotCount }, () => ({ id: -1, calls: 0, failures: 0 }));

  constructor(
    private readonly threshold: number,
    private readonly minCalls: number,
    private readonly windowMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** cockatiel saves and restores breakers through this. */
  get state(): unknown {
    return structuredClone(this.slots);
  }

  set state(value: unknown) {
    this.slots = structuredClone(value) as Slot[];
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.reset();
    this.slot().calls += 1;
  }

  failure(state: CircuitState): boolean {
    const slot = this.slot();
    slot.calls += 1;
    slot.failures += 1;
    if (state !== CircuitState.Closed) return true;
    const { calls, failures } = this.counts();
    return calls >= this.minCalls && failures >= this.threshold * calls;
  }

  counts(): { calls: number; failures: number } {
    const oldest = this.slotId() - slotCount;
    const sum = { calls: 0, failures: 0 };
    for (const { id, calls, failures } of this.slots) {
      if (id <= oldest) continue;
      sum.calls += calls;
      sum.failures += failures;
    }
    return sum;
  }

  private reset(): void {
    for (const slot of this.slots) slot.id = -1;
  }

  private slotId(): number {
    return Math.floor(this.now() / (this.windowMs / slotCount));
  }

  private slot(): Slot {
    const id = this.slotId();
    const slot = this.slots[id % slotCount]!;
    if (slot.id !== id) Object.assign(slot, { id, calls: 0, failures: 0 });
    return slot;
  }
}
