import type { MessageDefinition } from '@causeway/contracts';
import type { Sql, Transaction } from '@causeway/persistence';
import { buildEnvelope } from '../envelope.js';

/** The port that use cases depend on. `testing/FakeOutbox` is its other implementation. */
export interface OutboxPort {
  /**
   * Adds a message to the current transaction: it is published if, and only if, the transaction commits. Messages of one aggregate
   * (same owner and `aggregateId`) are published in the order they were added.
   * @returns the message id (UUIDv7).
   * @throws ValidationFailed when `data` does not match the definition.
   */
  add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string>;
}

/** The outbox of one transaction. */
export class Outbox implements OutboxPort {
  private relayWoken = false;

  /**
   * @param sql    The transaction's connection.
   * @param source Name of the publishing service, `order`.
   * @param onFirstAdd  Called once, at the first message. `Outbox.within` uses it to wake the relay after the commit.
   */
  constructor(
    private readonly sql: Sql,
    private readonly source: string,
    private readonly onFirstAdd?: () => void,
  ) {}

  /** The outbox of `transaction`, which wakes `relay` after the commit: without it messages wait for the relay's next poll. */
  static within(transaction: Transaction, source: string, relay: { wake(): void }): Outbox {
    return new Outbox(transaction.sql, source, () => transaction.afterCommit(() => relay.wake()));
  }

  async add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string> {
    const envelope = buildEnvelope(definition, { source: this.source, aggregateId, data });
    await this.sql.query('SELECT causeway.add_outbox($1::jsonb)', [JSON.stringify(envelope)]);
    if (!this.relayWoken) this.onFirstAdd?.();
    this.relayWoken = true;
    return envelope.id;
  }
}
