import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

type Mapping = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Mapping>>;
};
type Document = Readonly<Record<string, unknown>>;

const template = JSON.parse(
  readFileSync(
    new URL('../../../k8s/components/logging-elk/elasticsearch/index-template.json', import.meta.url),
    'utf8',
  ),
) as { readonly template: { readonly mappings: Mapping } };

/**
 * What Elasticsearch would do with log lines, as far as a shipper can tell: the bulk API with `create`, and the strict
 * mapping of our index template. It keeps its documents while it is down, as a disk does.
 */
export class BulkReceiver {
  readonly documents = new Map<string, Document>();
  /** Documents that were sent again although they had been stored. */
  repeated = 0;
  /** The next requests, one each: all documents are refused with 429, or stored without a response. */
  readonly mishaps: ('busy' | 'no response')[] = [];
  private server: Server | undefined;
  private port = 0;

  /** Always on the same port. */
  async start(): Promise<string> {
    const server = createServer((request, response) => void this.answer(request, response));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}`;
  }

  /** Breaks requests off. */
  async stop(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray().catch(() => [])).join('');
    response.setHeader('content-type', 'application/json');
    if (!request.url?.startsWith('/_bulk')) return void response.end('{}');
    const mishap = this.mishaps.shift();
    const lines = body.trim().split('\n');
    const items = lines
      .filter((_, index) => index % 2 === 0)
      .map((action, index) => this.create(action, lines[2 * index + 1] ?? '', mishap === 'busy'));
    if (mishap === 'no response') return void request.socket.destroy();
    response.end(JSON.stringify({ took: 1, errors: items.some(({ create }) => create.status >= 300), items }));
  }

  private create(action: string, line: string, isBusy: boolean) {
    const { create } = JSON.parse(action) as { create: { _index: string; _id: string } };
    const refused = (status: number, type: string, reason: string) => ({
      create: { ...create, status, error: { type, reason } },
    });
    if (isBusy) return refused(429, 'es_rejected_execution_exception', 'the queue is full');
    if (this.documents.has(create._id)) {
      this.repeated += 1;
      return refused(409, 'version_conflict_engine_exception', 'document already exists');
    }
    const document = JSON.parse(line) as Document;
    const wrong =
      JSON.stringify(document) === line ? misfit(template.template.mappings, document) : 'a field is there twice';
    if (wrong !== undefined) return refused(400, 'document_parsing_exception', wrong);
    this.documents.set(create._id, document);
    return { create: { ...create, status: 201 } };
  }
}

const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  keyword: (value) => typeof value === 'string',
  match_only_text: (value) => typeof value === 'string',
  date: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  long: Number.isSafeInteger,
  double: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  flattened: (value) => typeof value === 'object',
};

/** What of a value the mapping refuses. Each item of a list is a value. */
function misfit({ type, properties }: Mapping, value: unknown, path = ''): string | undefined {
  if (Array.isArray(value)) return first(value.map((item) => misfit({ type, properties }, item, path)));
  if (!properties) return type !== undefined && fits[type]?.(value) ? undefined : `${path} is no ${type}`;
  if (typeof value !== 'object' || value === null) return `${path} is no object`;
  return first(
    Object.entries(value).map(([name, inner]) => {
      const mapping = properties[name];
      return mapping ? misfit(mapping, inner, `${path}${name}.`) : `mapping set to strict, no ${path}${name}`;
    }),
  );
}

const first = (found: readonly (string | undefined)[]): string | undefined => found.find((text) => text !== undefined);
