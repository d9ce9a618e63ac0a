import { authorizePayment, getAddress, paymentAuthorized, type DataOf } from '@causeway/contracts';
import { PgUnitOfWork } from '@causeway/persistence';
import { inSpan } from '@causeway/telemetry';
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
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => scene.broker());
afterEach(() => scene.end());

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;

test('a request, its command, the handler, its RPC and its event are one trace, each hop the child of the one before', async () => {
  const [orderDb, paymentDb] = [await scene.database(), await scene.database()];
  const done: string[] = [];
  const late = {} as { relay: OutboxRelay; rpc: RpcClient };

  @Controller()
  class Payments {
    @Handles(authorizePayment)
    on(message: Message<DataOf<typeof authorizePayment>>) {
      const { paymentId, orderId, amountMinor, currency } = message.data;
      return inSpan('psp authorize', {}, async () => {
        await late.rpc.call(getAddress, { userId: uuidv7(), addressId: uuidv7() });
        const uow = new PgUnitOfWork(paymentDb.pool, (tx) => Outbox.within(tx, 'payment', late.relay));
        await uow.runOnce(message.delivery, (outbox) =>
          outbox.add(paymentAuthorized, paymentId, {
            paymentId,
            orderId,
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
  class Orders {
    @Handles(paymentAuthorized)
    on(message: Message<DataOf<typeof paymentAuthorized>>) {
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
  const payment = await scene.service('payment', [Payments], { database: paymentDb });
  const order = await scene.service('order', [Orders], { database: orderDb });
  late.relay = payment.get(OutboxRelay);
  late.rpc = payment.get(RpcClient);

  const ids = { paymentId: uuidv7(), orderId: uuidv7() };
  const uow = new PgUnitOfWork(orderDb.pool, (tx) => Outbox.within(tx, 'order', order.get(OutboxRelay)));
  await inSpan('POST /v1/orders', { kind: SpanKind.SERVER }, () =>
    uow.run((outbox) =>
      outbox.add(authorizePayment, ids.paymentId, {
        ...ids,
        customerId: uuidv7(),
        amountMinor: 1,
        currency: 'EUR',
        paymentMethodToken: 'tok_success',
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
  const request = await find('POST /v1/orders');
  const publishCommand = await find('publish payment.cmd.authorize.v1');
  const processCommand = await find('process payment.cmd.authorize.v1');
  const psp = await find('psp authorize');
  const call = await find('call user.rpc.get-address.v1');
  const serve = await find('serve user.rpc.get-address.v1');
  const publishEvent = await find('publish payment.evt.authorized.v1');
  const processEvent = await find('process payment.evt.authorized.v1');
  const chain = [request, publishCommand, processCommand, psp, call, serve, publishEvent, processEvent];
  expect(new Set(chain.map((span) => span.spanContext().traceId))).toEqual(new Set([request.spanContext().traceId]));
  const id = (span: ReadableSpan) => span.spanContext().spanId;
  expect(parentOf(processCommand)).toBe(id(publishCommand));
  expect(parentOf(psp)).toBe(id(processCommand));
  expect(parentOf(call)).toBe(id(psp));
  expect(parentOf(serve)).toBe(id(call));
  expect(parentOf(processEvent)).toBe(id(publishEvent));
  expect([publishCommand.kind, processCommand.kind, call.kind, serve.kind]).toEqual([
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
    SpanKind.CLIENT,
    SpanKind.SERVER,
  ]);
  const ofTheOrder = [publishCommand, processCommand, psp, call, publishEvent, processEvent];
  expect(ofTheOrder.map(({ attributes }) => attributes['causeway.order.id'])).toEqual(
    ofTheOrder.map(() => ids.orderId),
  );
});
