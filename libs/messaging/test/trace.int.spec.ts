import { getAddress, type DataOf } from '@causeway/contracts';
import { labelPrinted, printLabel } from '@causeway/contracts/testing';
import { PgUnitOfWork } from '@causeway/persistence';
import { inSpan, tracedIds } from '@causeway/telemetry';
import { Controller } from '@nestjs/common';
import { SpanKind, trace, context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { TracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { v7 as uuidv7 } from 'uuid';
import type { Message } from '../src/consume/message.js';
import { Handles, HandlesRpc } from '../src/nest/handles.js';
import { Outbox } from '../src/outbox/outbox.js';
import { OutboxRelay } from '../src/outbox/relay.js';
import { RpcClient } from '../src/rpc/client.js';
import { eventually, Scene } from './helpers.js';

const scene = new Scene();
const exporter = new InMemorySpanExporter();

beforeAll(() => {
  tracedIds['causeway.parcel.id'] = 'parcelId';
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => scene.broker());
afterEach(() => scene.end());

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;

test('a request, its command, the handler, its RPC and its event are one trace, each hop the child of the one before', async () => {
  const [parcelDb, labelDb] = [await scene.database(), await scene.database()];
  const done: string[] = [];
  const late = {} as { relay: OutboxRelay; rpc: RpcClient };

  @Controller()
  class Labels {
    @Handles(printLabel)
    on(message: Message<DataOf<typeof printLabel>>) {
      const { labelId, parcelId, amountMinor, currency } = message.data;
      return inSpan('printer prints', {}, async () => {
        await late.rpc.call(getAddress, { userId: uuidv7(), addressId: uuidv7() });
        const uow = new PgUnitOfWork(labelDb.pool, (tx) => Outbox.within(tx, 'label', late.relay));
        await uow.runOnce(message.delivery, (outbox) =>
          outbox.add(labelPrinted, labelId, {
            labelId,
            parcelId,
            amountMinor,
            currency,
            version: 1,
            occurredAt: new Date().toISOString(),
          }),
        );
      });
    }
  }
  @Controller()
  class Parcels {
    @Handles(labelPrinted)
    on(message: Message<DataOf<typeof labelPrinted>>) {
      done.push(message.id);
    }
  }
  @Controller()
  class Users {
    @HandlesRpc(getAddress)
    find(_request: { userId: string; addressId: string }) {
      return { found: false as const };
    }
  }
  await scene.service('user', [Users]);
  const label = await scene.service('label', [Labels], { database: labelDb });
  const parcel = await scene.service('parcel', [Parcels], { database: parcelDb });
  late.relay = label.get(OutboxRelay);
  late.rpc = label.get(RpcClient);

  const ids = { labelId: uuidv7(), parcelId: uuidv7() };
  const uow = new PgUnitOfWork(parcelDb.pool, (tx) => Outbox.within(tx, 'parcel', parcel.get(OutboxRelay)));
  await inSpan('POST /v1/parcels', { kind: SpanKind.SERVER }, () =>
    uow.run((outbox) =>
      outbox.add(printLabel, ids.labelId, {
        ...ids,
        customerId: uuidv7(),
        amountMinor: 1,
        currency: 'EUR',
        printer: 'tok_success',
      }),
    ),
  );
  await eventually(
    () => done.length,
    (length) => length === 1,
  );
  const find = (name: string) =>
    eventually(
      () => exporter.getFinishedSpans().find((span) => span.name === name)!,
      (span) => span !== undefined,
    );
  const request = await find('POST /v1/parcels');
  const publishCommand = await find('publish label.cmd.print.v1');
  const processCommand = await find('process label.cmd.print.v1');
  const printer = await find('printer prints');
  const call = await find('call user.rpc.get-address.v1');
  const serve = await find('serve user.rpc.get-address.v1');
  const publishEvent = await find('publish label.evt.printed.v1');
  const processEvent = await find('process label.evt.printed.v1');
  const chain = [request, publishCommand, processCommand, printer, call, serve, publishEvent, processEvent];
  expect(new Set(chain.map((span) => span.spanContext().traceId))).toEqual(new Set([request.spanContext().traceId]));
  const id = (span: ReadableSpan) => span.spanContext().spanId;
  expect(parentOf(processCommand)).toBe(id(publishCommand));
  expect(parentOf(printer)).toBe(id(processCommand));
  expect(parentOf(call)).toBe(id(printer));
  expect(parentOf(serve)).toBe(id(call));
  expect(parentOf(processEvent)).toBe(id(publishEvent));
  expect([publishCommand.kind, processCommand.kind, call.kind, serve.kind]).toEqual([
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
    SpanKind.CLIENT,
    SpanKind.SERVER,
  ]);
  const ofTheParcel = [publishCommand, processCommand, printer, call, publishEvent, processEvent];
  expect(ofTheParcel.map(({ attributes }) => attributes['causeway.parcel.id'])).toEqual(
    ofTheParcel.map(() => ids.parcelId),
  );
});
