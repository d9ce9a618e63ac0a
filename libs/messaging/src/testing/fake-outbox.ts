import type { DataOf, Envelope, MessageDefinition } from '@causeway/contracts';
import { buildEnvelope } from '../envelope.js';
import type { OutboxPort } from '../outbox/outbox.js';

/** An outbox in memory. Validates as the real one does, and keeps what was added. */
export class FakeOutbox implements OutboxPort {
  readonly messages: Envelope[] = [];

  constructor(private readonly source = 'test') {}

  add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string> {
    // Inside a promise, so that invalid data rejects, as in the real one, rather than throws.
    return Promise.resolve().then(() => {
      const envelope = buildEnvelope(definition, { source: this.source, aggregateId, data });
      this.messages.push(envelope);
      return envelope.id;
    });
  }

  /** Returns the data of all messages of one kind, in the order in which they were added. */
  of<M extends MessageDefinition>(definition: M): DataOf<M>[] {
    return this.messages.filter(({ type }) => type === definition.subject).map(({ data }) => data as DataOf<M>);
  }
}
