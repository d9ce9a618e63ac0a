import { loadSettings } from '@causeway/config';
import { injectTrace, telemetrySettings } from '@causeway/telemetry';
import { Controller, Get, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  ParentBasedSampler,
  AlwaysOnSampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createApp, defineService, HostState, hostSettings } from '../index.js';

@Controller()
class Downstream {
  /** What a call to the next service would carry. */
  @Get('carried')
  carried(): object {
    const carrier: Record<string, string> = {};
    injectTrace(carrier);
    return carrier;
  }
}

@Controller()
class Broken {
  @Get('broken')
  broken(): never {
    throw new Error('a defect');
  }
}

@Module({ controllers: [Downstream, Broken] })
class TestModule {}

const exporter = new InMemorySpanExporter();
const settings = loadSettings({ ...hostSettings, ...telemetrySettings }, { HTTP_PORT: '0', MANAGEMENT_PORT: '0' });
const start = (edge: boolean) =>
  createApp(defineService({ name: 'test', settings: {}, edge, module: () => TestModule }), settings);

let outer: NestFastifyApplication;
let inner: NestFastifyApplication;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  // Baggage as well: it is what TELEMETRY_SDK=full does.
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    }),
  );
  [outer, inner] = await Promise.all([start(true), start(false)]);
});
beforeEach(() => exporter.reset());
afterAll(async () => {
  await Promise.all([outer.close(), inner.close()]);
  for (const api of [context, propagation, trace]) api.disable();
});

const theirs = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) };
async function ask(app: NestFastifyApplication, flags: string) {
  const headers = {
    traceparent: `00-${theirs.traceId}-${theirs.spanId}-${flags}`,
    tracestate: 'vendor=1',
    baggage: 'who=me',
  };
  const answer = await app.inject({ url: '/carried', headers });
  return { traceId: answer.headers['x-trace-id'], carried: answer.json<Record<string, string>>() };
}

test.each(['00', '01'])(
  'at the edge a caller (flags %s) neither chooses the trace nor whether it is recorded; its own is linked',
  async (flags) => {
    const { traceId, carried } = await ask(outer, flags);
    expect(traceId).toMatch(/^(?!c{32})[0-9a-f]{32}$/);
    expect(carried).toEqual({
      traceparent: expect.stringMatching(new RegExp(`^00-${String(traceId)}-[0-9a-f]{16}-01$`)),
    });
    const [span] = exporter.getFinishedSpans();
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.links.map(({ context: linked }) => linked)).toEqual([
      { ...theirs, traceFlags: Number(flags), isRemote: true },
    ]);
  },
);

test('a caller without a trace, or with one that cannot be read, is not linked', async () => {
  for (const traceparent of [undefined, 'nonsense', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])
    await outer.inject({ url: '/carried', headers: traceparent === undefined ? {} : { traceparent } });
  expect(exporter.getFinishedSpans().map(({ links }) => links)).toEqual([[], [], []]);
});

test('further in the trace of the caller goes on, recorded or not as the edge decided', async () => {
  const { traceId, carried } = await ask(inner, '01');
  expect([traceId, carried['tracestate'], exporter.getFinishedSpans().length]).toEqual([theirs.traceId, 'vendor=1', 1]);
  exporter.reset();
  await ask(inner, '00');
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('the host counts requests that are over; those of 500 and above are errors, with their code', async () => {
  const { statistics } = inner.get(HostState);
  const before = [statistics.calls, statistics.errors];
  for (const url of ['/carried', '/missing', '/broken']) await inner.inject({ url });
  expect([statistics.calls, statistics.errors].map((count, index) => count - before[index]!)).toEqual([3, 1]);
  expect(statistics.lastError).toBe('500');
  expect(statistics.totalMs).toBeGreaterThan(0);
});
