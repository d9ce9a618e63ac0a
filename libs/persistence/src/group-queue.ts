/** A unit of work that may share a transaction with others. */
export interface Groupable {
  /** What the unit reads and changes. Units of one aggregate run one after the other. */
  readonly aggregate: string;
}

export interface GroupQueueOptions {
  /** Most units in a group. Default 32. */
  readonly maxUnits?: number;
  /** Most groups that run at the same time. Default 2: while one is on its way to the disk, the next can do its work. */
  readonly maxGroups?: number;
}

/**
 * Collects units of work into groups. A unit that arrives while there is nothing to do starts in the same turn of the
 * event loop; those that arrive while groups run wait, and go together. So groups grow with the load, and nothing waits
 * for a group to fill.
 *
 * A group has at most one unit of an aggregate, and none of an aggregate that another group works on: members of one
 * transaction do not lock each other out.
 */
export class GroupQueue<Unit extends Groupable> {
  private waiting: Unit[] = [];
  private readonly busy = new Set<string>();
  private running = 0;
  private scheduled = false;

  /** @param runGroup Runs all units of a group, and must not throw. */
  constructor(
    private readonly runGroup: (units: readonly Unit[]) => Promise<void>,
    private readonly options: GroupQueueOptions = {},
  ) {}

  add(unit: Unit): void {
    this.waiting.push(unit);
    this.schedule();
  }

  /** In a later phase of this turn, so that everything that arrives in one packet forms a group. */
  private schedule(): void {
    if (this.scheduled || this.running >= (this.options.maxGroups ?? 2)) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.start();
    });
  }

  private async start(): Promise<void> {
    const group = this.takeGroup();
    if (group.length === 0) return;
    this.running += 1;
    if (this.waiting.length > 0) this.schedule();
    await this.runGroup(group);
    this.running -= 1;
    for (const { aggregate } of group) this.busy.delete(aggregate);
    if (this.waiting.length > 0) this.schedule();
  }

  private takeGroup(): Unit[] {
    const { maxUnits = 32 } = this.options;
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
