import { streamOf } from '@causeway/contracts';
import { extractTrace, injectTrace, inSpan, instruments, meter } from '@causeway/telemetry';
import type { JetStreamClient, PubAck } from '@nats-io/jetstream';
import { SpanKind } from '@opentelemetry/api';
import { headersOf } from '../consume/headers.js';
import type { PendingRow } from './rows.js';

const publishedCounter = meter('messaging').counter(instruments.outboxPublished, {
  description: 'Messages taken from the outbox to the broker',
  unit: '{message}',
});
const timeoutMs = 3_000;

/** Publishes one row. Its span continues the trace of whoever added the row, and travels on to the consumers. */
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
    attributes: { ...attributes, 'messaging.message.id': row.id },
  };
  return inSpan(`publish ${row.subject}`, options, async () => {
    const trace: Record<string, string> = {};
    injectTrace(trace);
    // One attempt: the relay has its own retry, which knows about order and about what else is failing.
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

/** Rows by aggregate, in their order: within a group the next is published once the one before it is stored. */
export function byAggregate(rows: readonly PendingRow[]): PendingRow[][] {
  const groups = new Map<string, PendingRow[]>();
  for (const row of rows) {
    const key = `${row.aggregate_type}/${row.aggregate_id}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}
