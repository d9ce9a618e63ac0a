import { createHash, randomBytes } from 'node:crypto';
import {
  scopes,
  type AddressView,
  type OrderView,
  type Page,
  type PaymentView,
  type PlaceOrderBody,
  type ProductView,
} from '@causeway/contracts';

/** Where and as which client to sign in; `System` has both. */
export interface Door {
  readonly gateway: string;
  readonly oidc: { readonly issuer: string; readonly clientId: string; readonly redirectUri: string };
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** Trace id of the request, from `x-trace-id`. */
  readonly traceId: string;
  readonly ms: number;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the wait for the answer. */
  readonly signal?: AbortSignal;
}

/** An answer that was not the expected one; the message holds the problem document. */
export class UnexpectedAnswer extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`${call} answered ${status}: ${typeof body === 'string' ? body.slice(0, 500) : JSON.stringify(body)}`);
  }
}

/** JSON over HTTP through the gateway. Problem documents are answers like others: nothing is thrown for a status. */
export async function call<T = unknown>(
  gateway: string,
  path: string,
  { method = 'GET', body, headers, signal }: Call = {},
): Promise<Answer<T>> {
  const begun = performance.now();
  const response = await fetch(new URL(path, gateway), {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: 'manual',
    signal,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (response.headers.get('content-type')?.includes('json') && text !== '' ? JSON.parse(text) : text) as T,
    traceId: response.headers.get('x-trace-id') ?? '',
    ms: performance.now() - begun,
  };
}

/** A person who has registered and signed in. Uses nothing but what any client of the gateway could use. */
export class Customer {
  private constructor(
    readonly door: Door,
    readonly email: string,
    readonly password: string,
    readonly accessToken: string,
  ) {}

  /** Registers somebody new. */
  static async register(door: Door, email: string, password: string, displayName: string): Promise<void> {
    expect(
      'POST /v1/users',
      await call(door.gateway, '/v1/users', {
        method: 'POST',
        body: { email, password, displayName },
        headers: { 'idempotency-key': randomBytes(16).toString('hex') },
      }),
      201,
    );
  }

  /** Authorization code with PKCE, through the login page, as a browser would. */
  static async signIn(door: Door, email: string, password: string): Promise<Customer> {
    const verifier = randomBytes(32).toString('base64url');
    const code = await authorizationCode(door, verifier, email, password);
    const response = await fetch(`${door.oidc.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: door.oidc.clientId,
        redirect_uri: door.oidc.redirectUri,
        code,
        code_verifier: verifier,
        resource: audience,
      }),
    });
    const body = (await response.json()) as { access_token?: string };
    if (!body.access_token) throw new UnexpectedAnswer('POST /oidc/token', response.status, body);
    return new Customer(door, email, password, body.access_token);
  }

  /** Registers a customer with a random address and signs in. */
  static async create(door: Door, displayName = 'Ada Lovelace'): Promise<Customer> {
    const email = `ada-${randomBytes(4).toString('hex')}@example.com`;
    const password = `engine ${randomBytes(9).toString('base64url')}`;
    await Customer.register(door, email, password, displayName);
    return Customer.signIn(door, email, password);
  }

  /** A request with the customer's token. */
  call<T = unknown>(path: string, options: Call = {}): Promise<Answer<T>> {
    const headers = { authorization: `Bearer ${this.accessToken}`, ...options.headers };
    return call<T>(this.door.gateway, path, { ...options, headers });
  }

  async addAddress(): Promise<AddressView> {
    const body = {
      label: 'Home',
      recipient: 'Ada Lovelace',
      line1: '12 St James’s Square',
      postalCode: 'SW1Y 4JH',
      city: 'London',
      country: 'GB',
    };
    const headers = { 'idempotency-key': randomBytes(16).toString('hex') };
    return expect(
      'POST /v1/users/me/addresses',
      await this.call<AddressView>('/v1/users/me/addresses', { method: 'POST', body, headers }),
      201,
    ).body;
  }

  async products(): Promise<readonly ProductView[]> {
    return expect('GET /v1/products', await this.call<Page<ProductView>>('/v1/products?limit=100'), 200).body.items;
  }

  /** Places an order; the answer is 202 with the order as it begins, or a problem. */
  placeOrder(
    body: PlaceOrderBody,
    idempotencyKey = randomBytes(16).toString('hex'),
    signal?: AbortSignal,
  ): Promise<Answer<OrderView>> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.call<OrderView>('/v1/orders', { method: 'POST', body, headers, signal });
  }

  async order(id: string): Promise<OrderView> {
    return expect('GET /v1/orders/{id}', await this.call<OrderView>(`/v1/orders/${id}`), 200).body;
  }

  async payment(id: string): Promise<PaymentView> {
    return expect('GET /v1/payments/{id}', await this.call<PaymentView>(`/v1/payments/${id}`), 200).body;
  }

  /** Reads the order every 40 ms until it has one of the states. @throws after `withinMs`, default 30 000. */
  async waitFor(id: string, states: readonly OrderView['status'][], withinMs = 30_000): Promise<OrderView> {
    const limitAt = performance.now() + withinMs;
    for (;;) {
      const order = await this.order(id);
      if (states.includes(order.status)) return order;
      if (performance.now() > limitAt)
        throw new Error(
          `order ${id} is still ${order.status} after ${withinMs / 1000} s, expected ${states.join(' or ')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
}

const audience = 'urn:causeway:api';
const personScopes = ['openid', scopes.profile, scopes.orders, scopes.payments].join(' ');

export function expect<T>(what: string, answer: Answer<T>, status: number): Answer<T> {
  if (answer.status !== status) throw new UnexpectedAnswer(what, answer.status, answer.body);
  return answer;
}

/** Follows the redirects of a sign-in by hand, with the cookies a browser would keep, up to the one to our own redirect URI. */
async function authorizationCode({ oidc }: Door, verifier: string, email: string, password: string): Promise<string> {
  const url = new URL(`${oidc.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: oidc.clientId,
    response_type: 'code',
    redirect_uri: oidc.redirectUri,
    scope: personScopes,
    resource: audience,
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const cookies = new Map<string, string>();
  let next: { url: URL; form?: URLSearchParams } = { url };
  for (let step = 0; step < 12; step += 1) {
    const response = await fetch(next.url, {
      method: next.form ? 'POST' : 'GET',
      body: next.form,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), accept: 'text/html' },
    });
    keepCookies(cookies, response.headers);
    const location = response.headers.get('location');
    if (location) {
      const target = new URL(location, next.url);
      if (target.href.startsWith(oidc.redirectUri)) return codeOf(target);
      next = { url: target };
      continue;
    }
    const page = await response.text();
    const action = /<form[^>]*method="post"[^>]*action="([^"]+)"/.exec(page)?.[1];
    const problem = /role="alert">([^<]+)</.exec(page)?.[1];
    if (!response.ok || !action || problem || next.form)
      throw new UnexpectedAnswer(`sign-in at ${next.url.pathname}`, response.status, problem ?? page);
    next = { url: new URL(action.replaceAll('&amp;', '&'), next.url), form: new URLSearchParams({ email, password }) };
  }
  throw new Error('the sign-in went through 12 redirects without an end');
}

function keepCookies(cookies: Map<string, string>, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

function codeOf(target: URL): string {
  const code = target.searchParams.get('code');
  if (code) return code;
  throw new Error(
    `the sign-in was refused: ${target.searchParams.get('error')} ${target.searchParams.get('error_description') ?? ''}`,
  );
}
