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

/** The fields of a stream that we declare and compare. The server fills in many more. */
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
    ...(stream.appendOnly && { deny_delete: true, deny_purge: true }),
  } satisfies Partial<StreamConfig>;
}

/**
 * The fields of a consumer that we declare. Without `backoff` (it overrides ack_wait), `inactive_threshold` (it deletes
 * durables) and `filter_subjects` (it needs nats-server 2.10).
 */
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

/** The fields that nats-server 2.9 and later change in place. */
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

/** Returns the declared fields that differ. Lists are compared regardless of order. */
export function differences(
  declared: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): FieldChange[] {
  const canonical = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...(value as unknown[])].sort() : value);
  return Object.keys(declared)
    .filter((field) => canonical(declared[field]) !== canonical(actual[field]))
    .map((field) => ({ field, declared: declared[field], actual: actual[field] }));
}
