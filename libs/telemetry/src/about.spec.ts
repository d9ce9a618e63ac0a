import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { about, idsOf, inSpan, noteIds, tracedIds } from './index.js';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeAll(() => void (tracedIds['test.parcel.id'] = 'parcelId'));
afterAll(() => void delete tracedIds['test.parcel.id']);
beforeEach(() => exporter.reset());

const nothing = () => undefined;
const parcels = () =>
  Object.fromEntries(exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['test.parcel.id']]));

test('the span of work about one thing is marked, and so is every span inside, and no other', async () => {
  await inSpan('process', {}, async () => {
    await inSpan('before', {}, nothing);
    await about({ parcelId: 'p-1' }, async () => {
      await inSpan('transaction', { attributes: () => ({ 'db.system.name': 'postgresql' }) }, () =>
        inSpan('call', {}, nothing),
      );
      await inSpan('elsewhere', { parent: ROOT_CONTEXT }, nothing);
    });
    await inSpan('after', {}, nothing);
  });
  await about({ parcelId: 'p-2' }, () => inSpan('begun without a span', {}, nothing));
  expect(parcels()).toEqual({
    process: 'p-1',
    before: undefined,
    transaction: 'p-1',
    call: 'p-1',
    elsewhere: undefined,
    after: undefined,
    'begun without a span': 'p-2',
  });
});

test('what is known only in the end marks the active span', async () => {
  await inSpan('statement', {}, () => noteIds({ parcelId: 'p-3' }));
  await about(undefined, () => inSpan('none', {}, nothing));
  expect(parcels()).toEqual({ statement: 'p-3', none: undefined });
});

test('messages and requests name what they are about by its field', () => {
  expect([{ parcelId: 'p-4', other: 'x' }, { parcelId: 4 }, {}, null, undefined].map(idsOf)).toEqual([
    { 'test.parcel.id': 'p-4' },
    {},
    {},
    {},
    {},
  ]);
});

test('work inside of work has the ids of both', async () => {
  tracedIds['test.box.id'] = 'boxId';
  await about({ parcelId: 'p-5' }, () => about({ boxId: 'b-1' }, () => inSpan('both', {}, nothing)));
  delete tracedIds['test.box.id'];
  expect(exporter.getFinishedSpans()[0]?.attributes).toEqual({ 'test.parcel.id': 'p-5', 'test.box.id': 'b-1' });
});
