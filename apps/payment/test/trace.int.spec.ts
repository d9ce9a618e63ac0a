import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
import { currentTraceId, inSpan, startTelemetry, telemetrySettings, type Telemetry } from '@causeway/telemetry';
import { TestPayment, PaymentService } from '../src/testing/payment-service.js';

interface Span {
  readonly traceId: string;
  readonly name: string;
  readonly service: string;
}

interface Exported {
  readonly resourceSpans?: {
    readonly resource: { readonly attributes: { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: { readonly spans: { traceId: string; name: string }[] }[];
  }[];
}

const spans: Span[] = [];
let sink: Server;
let telemetry: Telemetry;
let paymentService: PaymentService;

/** Stands in for the collector: accepts OTLP/HTTP in JSON. */
const collect = (text: string) => {
  for (const { resource, scopeSpans } of (JSON.parse(text) as Exported).resourceSpans ?? []) {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    for (const { traceId, name } of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ traceId, name, service });
  }
};

beforeAll(async () => {
  sink = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      collect(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const env = {
    OTEL_TRACES_SAMPLER_ARG: '1',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    LOG_LEVEL: 'fatal',
  };
  const settings = loadSettings(telemetrySettings, env);
  telemetry = await startTelemetry({ service: 'payment', version: '0', instanceId: 'test', settings });
  paymentService = await PaymentService.start({}, env);
}, 90_000);

afterAll(async () => {
  await paymentService?.end();
  await telemetry?.shutdown();
  sink?.closeAllConnections();
  sink?.close();
});

test('the call to the provider, its answer and the event are in the trace of the command', async () => {
  const it = new TestPayment(paymentService);
  const traceId = await inSpan('place order', {}, async () => {
    await it.authorize();
    return currentTraceId();
  });
  await it.reaches('AUTHORIZED');
  const wanted = [
    ['payment', 'process payment.cmd.authorize.v2'],
    ['payment', 'execute authorize'],
    ['payment', 'POST /v1/charges'],
    ['psp-sandbox', 'POST /v1/charges'],
    ['payment', 'publish payment.evt.authorized.v1'],
  ];
  const found = () => spans.filter((span) => span.traceId === traceId).map(({ service, name }) => [service, name]);
  const complete = () => wanted.every(([service, name]) => found().some(([s, n]) => s === service && n === name));
  for (let tries = 0; tries < 100 && !complete(); tries++) await sleep(50);
  expect(found()).toEqual(expect.arrayContaining(wanted));
});
