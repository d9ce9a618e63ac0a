/** A unit of work that may share a transaction with others. */
export interface Groupable {
  /** What the unit reads and changes. Units of one aggregate run one after the other. */
  readonly aggregate: string;
  /** Runs the unit in a transaction of its own. Must not throw. */
  readonly alone: () => Promise<void>;
}

/** Most units in a group. More would only keep the first ones waiting for the last. */
const maxUnits = 32;

/**
 * Collects units of work into groups, one of which runs at a time. A unit that arrives while there is nothing to do
 * starts in the same turn of the event loop; those that arrive while a group runs wait, and go together. So groups grow
 * with the load, and nothing waits for a group to fill.
 *
 * A group has at most one unit of an aggregate, because members of one transaction do not lock each other out. When a
 * group fails, its units run alone, beside the groups that follow.
 */
export class GroupQueue<Unit extends Groupable> {
  private waiting: Unit[] = [];
  /** The aggregates that somebody is working on. */
  private readonly busy = new Set<string>();
  private isRunning = false;
  private isScheduled = false;

  /** @param runGroup Runs all units in one transaction. Must not throw; false: nothing was done. */
  constructor(private readonly runGroup: (units: readonly Unit[]) => Promise<boolean>) {}

  add(unit: Unit): void {
    this.waiting.push(unit);
    this.schedule();
  }

  /** In a later phase of this turn, so that everything that arrives in one packet forms a group. */
  private schedule(): void {
    if (this.isScheduled || this.isRunning || this.waiting.length === 0) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      void this.start();
    });
  }

  private async start(): Promise<void> {
    const group = this.takeGroup();
    if (group.length === 0) return;
    this.isRunning = true;
    const done = await this.runGroup(group);
    this.isRunning = false;
    for (const unit of group) {
      if (done) this.busy.delete(unit.aggregate);
      else void this.runAlone(unit);
    }
    this.schedule();
  }

  private async runAlone(unit: Unit): Promise<void> {
    await unit.alone();
    this.busy.delete(unit.aggregate);
    this.schedule();
  }

  private takeGroup(): Unit[] {
    const group: Unit[] = [];
    this.waiting = this.waiting.filter((unit) => {
      if (group.length >= maxUnits || this.busy.has(unit.aggregate)) return true;
      this.busy.add(unit.aggregate);
      group.push(unit);
      return false;
    });
    return group;
  }
}
