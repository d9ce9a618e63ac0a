import { streamOf } from '@causeway/contracts';
import { extractTrace, injectTrace, inSpan, instruments, meter, idsOf } from '@causeway/telemetry';
import type { JetStreamClient, PubAck } from '@nats-io/jetstream';
import { SpanKind, type Attributes } from '@opentelemetry/api';
import { headersOf } from '../consume/headers.js';
import type { PendingRow } from './rows.js';

const publishedCounter = meter('causeway.messaging').counter(instruments.outboxPublished, {
  description: 'Messages published from the outbox',
  unit: '{message}',
});
const timeoutMs = 3_000;

/** Publishes one row. The span continues the trace in which the row was added, and the message carries it on. */
export function publishRow(js: JetStreamClient, row: PendingRow): Promise<PubAck> {
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': row.subject,
  };
  const options = {
    kind: SpanKind.PRODUCER,
    parent: extractTrace(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    attributes: () => ({ ...attributes, 'messaging.message.id': row.id, ...tracedIdsOf(row) }),
  };
  return inSpan(`publish ${row.subject}`, options, async () => {
    const trace: Record<string, string> = {};
    injectTrace(trace);
    // One attempt: the publisher retries, because it knows the order of messages and what else is failing.
    const ack = await js.publish(row.subject, row.envelope, {
      msgID: row.id,
      headers: headersOf(trace),
      timeout: timeoutMs,
      expect: { streamName: streamOf(row.subject).name },
    });
    publishedCounter.add(1, attributes);
    return ack;
  });
}

/** Reads the message only for a span that is recorded. */
function tracedIdsOf({ envelope }: PendingRow): Attributes {
  return idsOf((JSON.parse(envelope) as { readonly data?: unknown }).data);
}
