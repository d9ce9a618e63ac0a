import { getAddress, type DataOf } from '@causeway/contracts';
import { labelPrinted, parcelSent } from '@causeway/contracts/testing';
import { CodedError } from '@causeway/errors';
import { createLogger } from '@causeway/telemetry';
import { exportMetrics, type ExportedMetrics } from '@causeway/telemetry/testing';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Controller } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { buildEnvelope } from '../src/envelope.js';
import { Handles, HandlesRpc } from '../src/nest/handles.js';
import { RpcClient } from '../src/rpc/client.js';
import { eventually, Scene, unitOfWork } from './helpers.js';

const scene = new Scene();
let metrics: ExportedMetrics;
beforeAll(async () => {
  metrics = await exportMetrics();
});
afterAll(() => metrics.stop());
beforeEach(() => scene.broker());
afterEach(() => scene.end());

class Refused extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'None.';
}

const consumer = 'parcel__label-evt-printed-v1';
const ofConsumer = { messaging_consumer_group_name: consumer, messaging_nats_stream: 'LABEL' };
const shows = (name: string, labels: Record<string, string>, wanted: number) =>
  eventually(
    () => metrics.value(name, labels),
    (value) => value === wanted,
  );

async function publish(nc: NatsConnection): Promise<void> {
  const data: DataOf<typeof labelPrinted> = {
    labelId: uuidv7(),
    parcelId: uuidv7(),
    version: 1,
    occurredAt: new Date().toISOString(),
    amountMinor: 1,
    currency: 'EUR',
  };
  const envelope = buildEnvelope(labelPrinted, { source: 'label', aggregateId: data.labelId, data });
  await jetstream(nc).publish(labelPrinted.subject, JSON.stringify(envelope), { msgID: envelope.id });
}

test('a consumer shows what waits, what is being handled and what came again; a dead letter is counted under its consumer', async () => {
  const nc = await scene.provisioned();
  const gate = Promise.withResolvers<void>();
  let refuse = true;
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    async handle(): Promise<void> {
      if (refuse) throw new Refused('no');
      await gate.promise;
    }
  }
  await publish(nc);
  const app = await scene.service('parcel', [LabelHandler], { settings: { MESSAGES_MAX_CONCURRENT: '1' } });
  await shows(
    'messaging_dead_letters_total',
    { messaging_consumer_group_name: consumer, error_type: 'VERSION_STALE' },
    1,
  );
  refuse = false;
  for (let count = 0; count < 3; count += 1) await publish(nc);
  // One is being handled, and one was pulled and waits for the slot.
  await shows('messaging_consumer_ack_pending', ofConsumer, 2);
  await shows('messaging_consumer_pending', ofConsumer, 1);
  await shows('messaging_consumer_redelivered', ofConsumer, 0);
  expect(await metrics.labelsOf('messaging_consumer_pending')).toContainEqual(ofConsumer);
  gate.resolve();
  await shows('messaging_consumer_ack_pending', ofConsumer, 0);
  await shows('messaging_consumer_pending', ofConsumer, 0);
  const handled = { messaging_consumer_group_name: consumer, messaging_destination_name: labelPrinted.subject };
  expect(await metrics.value('messaging_process_duration_count', handled)).toBe(4);
  expect(await metrics.value('messaging_message_age_count', handled)).toBe(4);
  // Two of them waited for the one before, which took as long as it took to see it in the metrics.
  expect(await metrics.value('messaging_message_age_sum', handled)).toBeGreaterThan(0.1);
  await app.close();
});

test('a message that failed shows as redelivered until it is acknowledged', async () => {
  const nc = await scene.provisioned();
  const first = await jetstream(nc).consumers.get('LABEL', consumer);
  await publish(nc);
  (await first.next({ expires: 5_000 }))!.nak();
  const gate = Promise.withResolvers<void>();
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    handle(): Promise<void> {
      return gate.promise;
    }
  }
  await scene.service('parcel', [LabelHandler]);
  await shows('messaging_consumer_redelivered', ofConsumer, 1);
  gate.resolve();
  await shows('messaging_consumer_redelivered', ofConsumer, 0);
});

test('while the broker is away the other metrics can be read, and nothing waits for it', async () => {
  const lines: string[] = [];
  createLogger({
    service: 'parcel',
    level: 'warn',
    instanceId: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  await scene.provisioned();
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    handle(): void {
      return;
    }
  }
  const app = await scene.service('parcel', [LabelHandler]);
  await scene.nats.halt();
  // Until the last reading is too old to be shown again.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await metrics.value('process_memory_usage')).toBeGreaterThan(0);
  // Whatever does not answer within 5 s is given up, and reported.
  expect(lines.filter((line) => line.includes('a metric could not be read'))).toEqual([]);
  await scene.nats.restart();
  await app.close();
});

test('an outbox shows how many messages wait, for how long, and how many it has published', async () => {
  const database = await scene.database();
  const uow = unitOfWork(database);
  const add = () =>
    uow.run(async ({ outbox }) => {
      const parcelId = uuidv7();
      const data = { parcelId, customerId: uuidv7(), version: 2, occurredAt: new Date().toISOString() };
      await outbox.add(parcelSent, parcelId, data);
    });
  for (let count = 0; count < 3; count += 1) await add();
  await database.pool.query("UPDATE causeway.outbox SET created_at = now() - interval '90 seconds'");
  const away = { connected: false, onDisconnect: () => () => undefined } as never;
  const blocked = await scene.relay(database, { health: away });
  await shows('messaging_outbox_pending', {}, 3);
  expect(await metrics.value('messaging_outbox_oldest_age')).toBeGreaterThanOrEqual(90);
  await blocked.stop();
  await scene.relay(database);
  await shows('messaging_outbox_published_total', { messaging_destination_name: parcelSent.subject }, 3);
});

test('an RPC is measured by its caller and by its server', async () => {
  await scene.provisioned();
  @Controller()
  class Users {
    @HandlesRpc(getAddress)
    find() {
      return { found: false } as const;
    }
  }
  const app = await scene.service('user', [Users]);
  await app.get(RpcClient).call(getAddress, { userId: uuidv7(), addressId: uuidv7() });
  await shows('rpc_client_call_duration_count', { rpc_method: getAddress.subject }, 1);
  await shows('rpc_server_call_duration_count', { rpc_method: getAddress.subject }, 1);
});
