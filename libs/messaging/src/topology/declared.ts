import { durableName, streamOf, type ConsumerDefinition, type StreamDefinition } from '@causeway/contracts';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { consumerLimits } from '../consume/limits.js';

/** What the server must hold for a stream. Only these fields are compared; the server fills in many more. */
export function streamConfig(stream: StreamDefinition, replicas: number) {
  return {
    name: stream.name,
    subjects: [...stream.subjects],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_age: nanos(stream.maxAgeMs),
    duplicate_window: nanos(stream.duplicateWindowMs),
    num_replicas: replicas,
  } satisfies Partial<StreamConfig>;
}

/** No `backoff` (it overrides ack_wait), no `inactive_threshold` (it deletes durables), no `filter_subjects` (needs 2.10). */
export function consumerConfig(consumer: ConsumerDefinition) {
  return {
    durable_name: durableName(consumer),
    filter_subject: consumer.message.subject,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(consumerLimits.ackWaitMs),
    max_deliver: consumerLimits.maxDeliver,
    max_ack_pending: consumerLimits.maxAckPending,
  } satisfies Partial<ConsumerConfig>;
}

export const streamOfConsumer = (consumer: ConsumerDefinition): string => streamOf(consumer.message.subject).name;

/** Fields that the server changes in place, on 2.9 and later. */
export const changeable: ReadonlySet<string> = new Set([
  'subjects',
  'discard',
  'max_age',
  'duplicate_window',
  'num_replicas',
  'ack_wait',
  'max_deliver',
  'max_ack_pending',
]);

export interface FieldChange {
  readonly field: string;
  readonly declared: unknown;
  readonly actual: unknown;
}

/** The declared fields that differ. Lists are compared regardless of their order. */
export function differences(
  declared: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): FieldChange[] {
  const canonical = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...(value as unknown[])].sort() : value);
  return Object.keys(declared)
    .filter((field) => canonical(declared[field]) !== canonical(actual[field]))
    .map((field) => ({ field, declared: declared[field], actual: actual[field] }));
}
