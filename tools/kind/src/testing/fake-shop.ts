import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request instead of its response. `refuse`: the server does not listen for a moment. */
export type InjectedFault = 'reset' | 'refuse' | { readonly status: number; readonly body: unknown } | undefined;

interface Product {
  readonly id: string;
  available: number;
  version: number;
}

/** As much of the API as a customer of {@link startLoad} and the operators' client use, behind a real port. */
export class FakeShop {
  readonly products: Product[] = ['a', 'b', 'c'].map((id) => ({ id, available: 100_000, version: 1 }));
  /** The state in which orders are found when they are read. */
  orderStatus = 'CONFIRMED';
  private orders = 0;
  private server: Server | undefined;
  private port = 0;

  /** @param fault Called before each response. */
  constructor(private readonly fault: (call: string) => InjectedFault = () => undefined) {}

  async start(): Promise<string> {
    await this.listen();
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const server = this.server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  private async listen(): Promise<void> {
    const server = createServer((request, response) => this.receive(request, response));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url!.replace(/\?.*/, '');
      const fault = this.fault(`${request.method} ${path}`);
      if (fault === 'reset') return void request.socket.resetAndDestroy();
      if (fault === 'refuse') return void this.stop().then(() => setTimeout(() => void this.listen(), 30));
      if (fault) return send(response, fault.status, fault.body);
      this.answer(request, response, path, Buffer.concat(chunks).toString('utf8'));
    });
  }

  private answer({ method, headers }: IncomingMessage, response: ServerResponse, path: string, text: string): void {
    const product = this.products.find(({ id }) => path.startsWith(`/v1/products/${id}`));
    const redirect = (location: string) => response.writeHead(303, { location }).end();
    if (path === '/oidc/auth') return void redirect('/oidc/interaction/1');
    if (path === '/oidc/interaction/1' && method === 'GET')
      return void response.end('<form method="post" action="/oidc/interaction/1">');
    if (path === '/oidc/interaction/1') return void redirect('http://127.0.0.1:30080/callback?code=c');
    if (path === '/oidc/token')
      return send(response, 200, { access_token: text.includes('client_credentials') ? 'machine' : 'person' });
    if (path === '/v1/users') return send(response, 201, {});
    if (path === '/v1/users/me/addresses') return send(response, 201, { id: 'address' });
    if (path === '/v1/products') return send(response, 200, { items: this.products });
    if (product && method === 'PUT') return this.setStock(product, headers, response, text);
    if (product) return send(response, 200, product, { etag: `"${product.version}"` });
    if (path === '/v1/orders') return this.place(response, text);
    send(response, 200, { id: path.split('/').at(-1), status: this.orderStatus });
  }

  private setStock(
    product: Product,
    headers: IncomingMessage['headers'],
    response: ServerResponse,
    text: string,
  ): void {
    if (headers.authorization !== 'Bearer machine') return send(response, 403, { code: 'SCOPE_MISSING' });
    if (headers['if-match'] !== `"${product.version}"`) return send(response, 412, { code: 'VERSION_STALE' });
    product.available = (JSON.parse(text) as { available: number }).available;
    product.version += 1;
    send(response, 200, product);
  }

  private place(response: ServerResponse, text: string): void {
    const [item] = (JSON.parse(text) as { items: { productId: string }[] }).items;
    const product = this.products.find(({ id }) => id === item?.productId)!;
    if (product.available === 0) return send(response, 409, { code: 'OUT_OF_STOCK' });
    product.available -= 1;
    product.version += 1;
    this.orders += 1;
    send(response, 202, { id: `order-${this.orders}`, status: 'PLACED' });
  }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
