import { call, operatorToken, type ApiResponse } from '@causeway/demo-client';
import { scopes, type Page, type ProductView } from '@causeway/contracts';
import type { Kubectl } from './kubectl.js';
import { Refused } from './run.js';

const enough = 2_000;
const full = 10_000;
const attempts = 20;

/** Fills up the stock of each product as the operators' client: a load that sells out tests nothing. */
export class Warehouse {
  private constructor(
    private readonly url: string,
    private readonly secret: string,
  ) {}

  /** Reads the client's secret from the cluster. @throws Refused when it cannot be read */
  static async open(kubectl: Kubectl, url: string): Promise<Warehouse> {
    const { data } = await kubectl.json<{ data?: Record<string, string> }>(['get', 'secret', 'user']);
    const secret = data?.['OIDC_MACHINE_SECRET'];
    if (!secret) throw new Refused('The Secret user has no key OIDC_MACHINE_SECRET: run npm run kind:up -- secrets.');
    return new Warehouse(url, Buffer.from(secret, 'base64').toString('utf8'));
  }

  /** @returns how many products were filled up. @throws Refused with an unexpected response */
  async refill(): Promise<number> {
    const page = await call<Page<ProductView>>(this.url, '/v1/products?limit=100');
    if (page.status !== 200) throw unexpected('GET /v1/products', page);
    const low = page.body.items.filter(({ available }) => available < enough);
    if (low.length === 0) return 0;
    const client = { id: 'causeway-ops', secret: this.secret };
    const token = await operatorToken(`${this.url}/oidc`, client, scopes.catalogWrite);
    for (const { id } of low) await this.fill(id, `Bearer ${token}`);
    return low.length;
  }

  /** An order between read and write makes the version stale (412): tries again. */
  private async fill(id: string, authorization: string): Promise<void> {
    let response: ApiResponse<unknown>;
    for (let attempt = 1; ; attempt += 1) {
      const { headers } = await call(this.url, `/v1/products/${id}`);
      response = await call(this.url, `/v1/products/${id}/stock`, {
        method: 'PUT',
        body: { available: full },
        headers: { authorization, 'if-match': headers.get('etag') ?? '' },
      });
      if (response.status !== 412 || attempt === attempts) break;
    }
    if (response.status !== 200) throw unexpected('PUT /v1/products/{id}/stock', response);
  }
}

const unexpected = (what: string, { status, body }: { status: number; body: unknown }): Refused =>
  new Refused(`The stock could not be filled up: ${what} answered ${status}: ${JSON.stringify(body)}`);
