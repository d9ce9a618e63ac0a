import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { aboutOrder, inSpan, noteOrder, orderIdOf } from './index.js';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => exporter.reset());

const nothing = () => undefined;
const orders = () =>
  Object.fromEntries(
    exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['causeway.order.id']]),
  );

test('the span of work about an order is marked, and so is every span inside, and no other', async () => {
  await inSpan('process', {}, async () => {
    await inSpan('before', {}, nothing);
    await aboutOrder('o-1', async () => {
      await inSpan('transaction', { attributes: () => ({ 'db.system.name': 'postgresql' }) }, () =>
        inSpan('call', {}, nothing),
      );
      await inSpan('elsewhere', { parent: ROOT_CONTEXT }, nothing);
    });
    await inSpan('after', {}, nothing);
  });
  await aboutOrder('o-2', () => inSpan('begun without a span', {}, nothing));
  expect(orders()).toEqual({
    process: 'o-1',
    before: undefined,
    transaction: 'o-1',
    call: 'o-1',
    elsewhere: undefined,
    after: undefined,
    'begun without a span': 'o-2',
  });
});

test('an order that is known only in the end marks the active span', async () => {
  await inSpan('statement', {}, () => noteOrder('o-3'));
  await aboutOrder(undefined, () => inSpan('none', {}, nothing));
  expect(orders()).toEqual({ statement: 'o-3', none: undefined });
});

test('messages and requests name their order by orderId', () => {
  expect([{ orderId: 'o-4' }, { orderId: 4 }, {}, null, undefined].map(orderIdOf)).toEqual([
    'o-4',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
