// What the tests of the consuming side share: one message, its publisher, its consumer.
import type { DataOf } from '@causeway/contracts';
import { labelPrinted } from '@causeway/contracts/testing';
import { CodedError } from '@causeway/errors';
import { jetstream, jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Controller, type Type } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Message } from '../src/consume/message.js';
import { buildEnvelope } from '../src/envelope.js';
import { Handles } from '../src/nest/handles.js';
import { eventually } from './helpers.js';

export type Printed = DataOf<typeof labelPrinted>;
export const durable = 'parcel__label-evt-printed-v1';
/** Redelivers without a delay. */
export const atOnce = { random: () => 0 };

export class Refused extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'None.';
}

export const fact = (version = 1): Printed => ({
  labelId: uuidv7(),
  parcelId: uuidv7(),
  version,
  occurredAt: new Date().toISOString(),
  amountMinor: 1999,
  currency: 'EUR',
});

export async function publish(nc: NatsConnection, data: unknown = fact(), id = uuidv7()): Promise<string> {
  const envelope = buildEnvelope(labelPrinted, { source: 'label', aggregateId: uuidv7(), data: fact(), id });
  await jetstream(nc).publish(labelPrinted.subject, JSON.stringify({ ...envelope, data }), { msgID: id });
  return id;
}

/** A controller for label.evt.printed.v1. */
export function handler(on: (message: Message<Printed>) => unknown): Type {
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    handle(message: Message<Printed>) {
      return on(message);
    }
  }
  return LabelHandler;
}

export const info = async (nc: NatsConnection): Promise<ConsumerInfo> =>
  (await jetstreamManager(nc)).consumers.info('LABEL', durable);
export const settled = (nc: NatsConnection, count: number) =>
  eventually(
    () => info(nc),
    ({ num_ack_pending, num_pending, ack_floor }) =>
      num_ack_pending === 0 && num_pending === 0 && ack_floor.stream_seq >= count,
  );
