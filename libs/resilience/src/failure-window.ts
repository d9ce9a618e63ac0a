const slotCount = 10;

interface Slot {
  id: number;
  calls: number;
  failures: number;
}

/**
 * Counts calls and failures of the last `windowMs`. Each slot holds a tenth of the window and is valid by its number,
 * so that nothing older is ever counted: not after a quiet hour either.
 */
export class FailureWindow {
  private readonly slots: Slot[] = Array.from({ length: slotCount }, () => ({ id: -1, calls: 0, failures: 0 }));

  /**
   * @param windowMs Length of the window, milliseconds.
   * @param now      Milliseconds of a clock that never goes back. Default performance.now.
   */
  constructor(
    private readonly windowMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  record(failed: boolean): void {
    const slot = this.slot();
    slot.calls += 1;
    if (failed) slot.failures += 1;
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
