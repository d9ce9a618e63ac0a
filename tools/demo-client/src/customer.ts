import { createHash, randomBytes } from 'node:crypto';
import { peopleScopes, type AddressBody, type AddressView, type UserView } from '@causeway/contracts';

/** The gateway to call, and the OpenID Connect client to sign in as. */
export interface Endpoints {
  readonly gateway: string;
  readonly oidc: { readonly issuer: string; readonly clientId: string; readonly redirectUri: string };
}

export interface ApiResponse<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** Trace id of the request, from `x-trace-id`. */
  readonly traceId: string;
  readonly ms: number;
}

export interface ApiRequest {
  /** Default GET. */
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** A response with another status than the expected one; the message holds the problem document. */
export class UnexpectedResponse extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`${call} answered ${status}: ${typeof body === 'string' ? body.slice(0, 500) : JSON.stringify(body)}`);
  }
}

/** Sends JSON to the gateway. Throws for no status: a problem document is a response like any other. */
export async function call<T = unknown>(
  gateway: string,
  path: string,
  { method = 'GET', body, headers, signal }: ApiRequest = {},
): Promise<ApiResponse<T>> {
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

const home: AddressBody = {
  label: 'Home',
  recipient: 'Ada Lovelace',
  line1: '12 St James’s Square',
  postalCode: 'SW1Y 4JH',
  city: 'London',
  country: 'GB',
};

/** A signed-in person. Uses only the public API, as any client of the gateway does. */
export class Customer {
  protected constructor(
    readonly endpoints: Endpoints,
    readonly email: string,
    readonly password: string,
    readonly accessToken: string,
  ) {}

  /** Registers a new account. The same idempotency key again repeats the answer and not the registration. */
  static async register(
    endpoints: Endpoints,
    email: string,
    password: string,
    displayName: string,
    idempotencyKey = randomBytes(16).toString('hex'),
  ): Promise<void> {
    expectStatus(
      'POST /v1/users',
      await call(endpoints.gateway, '/v1/users', {
        method: 'POST',
        body: { email, password, displayName },
        headers: { 'idempotency-key': idempotencyKey },
      }),
      201,
    );
  }

  /** Signs in through the login page, as a browser would: authorization code with PKCE. */
  static async signIn(endpoints: Endpoints, email: string, password: string): Promise<Customer> {
    const verifier = randomBytes(32).toString('base64url');
    const code = await authorizationCode(endpoints, verifier, email, password);
    const response = await fetch(`${endpoints.oidc.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: endpoints.oidc.clientId,
        redirect_uri: endpoints.oidc.redirectUri,
        code,
        code_verifier: verifier,
        resource: audience,
      }),
    });
    const body = (await response.json()) as { access_token?: string };
    if (!body.access_token) throw new UnexpectedResponse('POST /oidc/token', response.status, body);
    return new Customer(endpoints, email, password, body.access_token);
  }

  /** Registers a customer with a random address and signs in. */
  static async create(endpoints: Endpoints, displayName = 'Ada Lovelace'): Promise<Customer> {
    const email = `ada-${randomBytes(4).toString('hex')}@example.com`;
    const password = `engine ${randomBytes(9).toString('base64url')}`;
    await Customer.register(endpoints, email, password, displayName);
    return Customer.signIn(endpoints, email, password);
  }

  /** Sends a request with the customer's access token. */
  call<T = unknown>(path: string, options: ApiRequest = {}): Promise<ApiResponse<T>> {
    const headers = { authorization: `Bearer ${this.accessToken}`, ...options.headers };
    return call<T>(this.endpoints.gateway, path, { ...options, headers });
  }

  /** The own profile. */
  async profile(): Promise<UserView> {
    return expectStatus('GET /v1/users/me', await this.call<UserView>('/v1/users/me'), 200).body;
  }

  /** Changes the name of a profile as it was read. */
  async rename({ version }: Pick<UserView, 'version'>, displayName: string): Promise<UserView> {
    const request = { method: 'PATCH', body: { displayName }, headers: { 'if-match': `"${version}"` } };
    return expectStatus('PATCH /v1/users/me', await this.call<UserView>('/v1/users/me', request), 200).body;
  }

  async addresses(): Promise<readonly AddressView[]> {
    const response = await this.call<{ items: AddressView[] }>('/v1/users/me/addresses');
    return expectStatus('GET /v1/users/me/addresses', response, 200).body.items;
  }

  async addAddress(body: AddressBody = home, idempotencyKey = randomBytes(16).toString('hex')): Promise<AddressView> {
    const headers = { 'idempotency-key': idempotencyKey };
    return expectStatus(
      'POST /v1/users/me/addresses',
      await this.call<AddressView>('/v1/users/me/addresses', { method: 'POST', body, headers }),
      201,
    ).body;
  }

  /** Replaces an address as it was read. */
  async changeAddress({ id, version }: Pick<AddressView, 'id' | 'version'>, body: AddressBody): Promise<AddressView> {
    const request = { method: 'PUT', body, headers: { 'if-match': `"${version}"` } };
    const response = await this.call<AddressView>(`/v1/users/me/addresses/${id}`, request);
    return expectStatus('PUT /v1/users/me/addresses/{id}', response, 200).body;
  }
}

/** Returns an access token for the operators' client (client credentials). */
export async function operatorToken(
  issuer: string,
  client: { readonly id: string; readonly secret: string },
  scope: string,
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource: audience }),
  });
  return tokenOf(response);
}

async function tokenOf(response: Response): Promise<string> {
  const body = (await response.json()) as { access_token?: string };
  if (!body.access_token) throw new UnexpectedResponse('POST /oidc/token', response.status, body);
  return body.access_token;
}

const audience = 'urn:causeway:api';
const personScopes = ['openid', ...peopleScopes].join(' ');

/** @throws UnexpectedResponse when the response has another status. */
export function expectStatus<T>(what: string, response: ApiResponse<T>, status: number): ApiResponse<T> {
  if (response.status !== status) throw new UnexpectedResponse(what, response.status, response.body);
  return response;
}

/** Follows the redirects of a sign-in, with the cookies a browser would keep, up to the client's redirect URI. */
async function authorizationCode(
  { oidc }: Endpoints,
  verifier: string,
  email: string,
  password: string,
): Promise<string> {
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
      throw new UnexpectedResponse(`sign-in at ${next.url.pathname}`, response.status, problem ?? page);
    next = { url: new URL(action.replaceAll('&amp;', '&'), next.url), form: new URLSearchParams({ email, password }) };
  }
  throw new Error('the sign-in did not finish within 12 redirects');
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
