import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A finished span, as a service exported it. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly service: string;
  readonly instance?: string;
  /** Milliseconds since 1970, with fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Trace ids of linked spans. */
  readonly links: readonly string[];
}

/** A small OTLP/HTTP receiver (JSON) that keeps the latest spans in memory, for the demo and the system tests. */
export interface TraceReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** Returns the spans of a trace so far, oldest first. Services export every half second. */
  trace(traceId: string): readonly TraceSpan[];
  /** Spans received so far, also those that were dropped since. */
  readonly received: number;
  stop(): Promise<void>;
}

const bodyLimitBytes = 16 * 1024 * 1024;

/**
 * @param port 0 for any free port.
 * @param options.maxSpans Beyond this many spans the oldest traces are dropped. Default 50 000 (about 50 MB).
 * @param options.host Address to listen on. Default: the loopback interface.
 */
export async function startTraceReceiver(
  port: number,
  { maxSpans = 50_000, host = '127.0.0.1' }: { readonly maxSpans?: number; readonly host?: string } = {},
): Promise<TraceReceiver> {
  const store = new SpanStore(maxSpans);
  const server = createServer((request, response) => {
    // For `npx causeway trace`.
    const [, traceId] = /^\/traces\/([0-9a-f]{32})$/.exec(request.url ?? '') ?? [];
    if (request.method === 'GET' && traceId !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(store.trace(traceId)));
      return;
    }
    receive(request, store).then(
      (status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  server.unref();
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    trace: (traceId) => store.trace(traceId),
    get received() {
      return store.received;
    },
    stop: () => close(server),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function receive(request: IncomingMessage, store: SpanStore): Promise<number> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) return 413;
    chunks.push(chunk);
  }
  // Metrics and logs are accepted and dropped: a refusal would make the exporters log errors.
  if (request.method !== 'POST' || !request.url?.startsWith('/v1/')) return 404;
  if (!request.url.startsWith('/v1/traces')) return 200;
  const body = Buffer.concat(chunks);
  const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  for (const span of spansOf(JSON.parse(text.toString('utf8')) as OtlpTraces)) store.add(span);
  return 200;
}

class SpanStore {
  private readonly traces = new Map<string, TraceSpan[]>();
  private count = 0;
  received = 0;

  constructor(readonly maxSpans: number) {}

  add(span: TraceSpan): void {
    const trace = this.traces.get(span.traceId) ?? [];
    trace.push(span);
    this.traces.set(span.traceId, trace);
    this.count += 1;
    this.received += 1;
    for (const [traceId, spans] of this.traces) {
      if (this.count <= this.maxSpans) break;
      this.traces.delete(traceId);
      this.count -= spans.length;
    }
  }

  trace(traceId: string): readonly TraceSpan[] {
    return [...(this.traces.get(traceId) ?? [])].sort((a, b) => a.startMs - b.startMs);
  }
}

interface OtlpValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number;
  arrayValue?: { values?: OtlpValue[] };
}
type OtlpAttributes = { key: string; value: OtlpValue }[];
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: OtlpAttributes;
  status?: { code?: number };
  links?: { traceId: string }[];
}
interface OtlpTraces {
  resourceSpans?: { resource?: { attributes?: OtlpAttributes }; scopeSpans?: { spans?: OtlpSpan[] }[] }[];
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

export function spansOf(traces: OtlpTraces): TraceSpan[] {
  return (traces.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) => {
    const about = attributesOf(resource?.attributes);
    const service = String(about['service.name'] ?? 'unknown');
    const instance = about['service.instance.id'] as string | undefined;
    return scopeSpans.flatMap(({ spans = [] }) => spans.map((span) => toSpan(span, service, instance)));
  });
}

function toSpan(span: OtlpSpan, service: string, instance: string | undefined): TraceSpan {
  const start = BigInt(span.startTimeUnixNano);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    name: span.name,
    kind: kinds[span.kind ?? 0] ?? 'internal',
    service,
    instance,
    startMs: Number(start / 1000n) / 1000,
    durationMs: Number((BigInt(span.endTimeUnixNano) - start) / 1000n) / 1000,
    failed: span.status?.code === 2,
    attributes: attributesOf(span.attributes),
    links: (span.links ?? []).map(({ traceId }) => traceId),
  };
}

const attributesOf = (list: OtlpAttributes = []): Record<string, unknown> =>
  Object.fromEntries(list.map(({ key, value }) => [key, valueOf(value)]));

function valueOf(value: OtlpValue): unknown {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}
