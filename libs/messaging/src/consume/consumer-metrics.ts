import { instruments, meter, sharedReading } from '@causeway/telemetry';
import { jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { BrokerHealth } from '../health.js';

/** A durable consumer and its stream. */
export interface ConsumerPlace {
  readonly stream: string;
  readonly durable: string;
}

/** The broker answers within milliseconds. An export waits no longer than this for one that does not. */
const timeoutMs = 1_000;

/**
 * Registers the gauges of these consumers. The broker is asked when somebody reads the metrics, so a process that nobody
 * watches asks nothing. While the broker is away, the last values stay.
 *
 * Every instance of a service reports the same numbers, because its instances share a consumer: take their maximum.
 * @returns A function that ends the gauges.
 */
export function observeConsumers(
  nc: NatsConnection,
  health: BrokerHealth,
  places: readonly ConsumerPlace[],
): () => void {
  const read = sharedReading(() => readInfos(nc, health, places));
  const gauge = (name: string, description: string, valueOf: (info: ConsumerInfo) => number) =>
    meter('causeway.messaging').gauge(name, { description, unit: '{message}' }, async (observe) => {
      for (const info of await read())
        observe(valueOf(info), {
          'messaging.nats.stream': info.stream_name,
          'messaging.consumer.group.name': info.name,
        });
    });
  const ends = [
    gauge(instruments.consumerPending, 'Messages that were not delivered yet', ({ num_pending }) => num_pending),
    gauge(
      instruments.consumerAckPending,
      'Messages that were delivered and not acknowledged yet',
      ({ num_ack_pending }) => num_ack_pending,
    ),
    gauge(
      instruments.consumerRedelivered,
      'Messages that were delivered more than once and not acknowledged yet',
      ({ num_redelivered }) => num_redelivered,
    ),
  ];
  return () => ends.forEach((end) => end());
}

/** @returns What the broker knows of those consumers that it has. */
async function readInfos(
  nc: NatsConnection,
  health: BrokerHealth,
  places: readonly ConsumerPlace[],
): Promise<ConsumerInfo[]> {
  if (!health.connected) return [];
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  const infos = await Promise.allSettled(
    places.map(({ stream, durable }) => health.whileConnected(jsm.consumers.info(stream, durable))),
  );
  return infos.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
