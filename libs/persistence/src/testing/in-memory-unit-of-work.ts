import { alreadyHandled, type Delivery, type UnitOfWork } from '../sql.js';

/**
 * A unit of work without a database, for tests of use cases. It passes the same contract suite as PgUnitOfWork. It
 * differs in two ways: units run strictly one after the other, and `single` does not count statements.
 *
 * `work` receives a copy of the state, which replaces the state when the work succeeds.
 */
export class InMemoryUnitOfWork<State extends object, Tx> implements UnitOfWork<Tx> {
  private handled = new Set<string>();
  private tail: Promise<unknown> = Promise.resolve();

  /**
   * @param state Plain data that `structuredClone` can copy. The property holds what is committed.
   * @param bind  Creates the repositories over the copy.
   */
  constructor(
    public state: State,
    private readonly bind: (draft: State, afterCommit: (action: () => void) => void) => Tx,
  ) {}

  run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      const draft = structuredClone(this.state);
      const actions: (() => void)[] = [];
      const result = await work(this.bind(draft, (action) => actions.push(action)));
      this.state = draft;
      for (const action of actions) action();
      return result;
    });
  }

  async runOnce<T>(
    { consumer, messageId }: Delivery,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T | typeof alreadyHandled> {
    const id = JSON.stringify([consumer, messageId]);
    // A second delivery waits for the first, and does the work if the first fails.
    return this.run<T | typeof alreadyHandled>(async (tx) => {
      if (this.handled.has(id)) return alreadyHandled;
      const result = await work(tx);
      this.handled.add(id);
      return result;
    });
  }

  single<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.run(work);
  }

  private inTurn<T>(unit: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(unit);
    this.tail = turn.catch(() => undefined);
    return turn;
  }
}
