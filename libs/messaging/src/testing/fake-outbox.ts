import type { DataOf, Envelope, MessageDefinition } from '@causeway/contracts';
import { buildEnvelope } from '../envelope.js';
import type { OutboxPort } from '../outbox/outbox.js';

/** An outbox in memory: validates as the real one does, and keeps what was added. */
export class FakeOutbox implements OutboxPort {
  readonly messages: Envelope[] = [];

  constructor(private readonly source = 'test') {}

  add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string> {
    // Wrapped so that invalid data rejects, as it does in the real one, rather than throws.
    return Promise.resolve().then(() => {
      const envelope = buildEnvelope(definition, { source: this.source, aggregateId, data });
      this.messages.push(envelope);
      return envelope.id;
    });
  }

  /** The data of all messages of one kind, in the order they were added. */
  of<M extends MessageDefinition>(definition: M): DataOf<M>[] {
    return this.messages.filter(({ type }) => type === definition.subject).map(({ data }) => data as DataOf<M>);
  }
}
