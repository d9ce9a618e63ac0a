import type { MessageDefinition } from '@causeway/contracts';
import type { Sql, Transaction } from '@causeway/persistence';
import { buildEnvelope } from '../envelope.js';

/** The port that use cases depend on. In tests, `FakeOutbox` implements it. */
export interface OutboxPort {
  /**
   * Adds a message to the current transaction: it is published if, and only if, the transaction commits. Messages of
   * one aggregate (same owner and `aggregateId`) are published in the order in which they were added.
   * @returns The message id (UUIDv7).
   * @throws ValidationFailed when `data` does not match the schema of the definition.
   */
  add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string>;
}

/** The outbox of one transaction. */
export class Outbox implements OutboxPort {
  private isEmpty = true;

  /**
   * @param sql        The transaction's connection.
   * @param source     Name of the publishing service, `user`.
   * @param onFirstAdd Called once, after the first message.
   */
  constructor(
    private readonly sql: Sql,
    private readonly source: string,
    private readonly onFirstAdd?: () => void,
  ) {}

  /** The outbox of `transaction`. Wakes `relay` after the commit, so that messages need not wait for its next poll. */
  static within(transaction: Transaction, source: string, relay: { wake(): void }): Outbox {
    return new Outbox(transaction.sql, source, () => transaction.afterCommit(() => relay.wake()));
  }

  async add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string> {
    const envelope = buildEnvelope(definition, { source: this.source, aggregateId, data });
    await this.sql.query('SELECT causeway.add_outbox($1::jsonb)', [JSON.stringify(envelope)]);
    if (this.isEmpty) this.onFirstAdd?.();
    this.isEmpty = false;
    return envelope.id;
  }
}
