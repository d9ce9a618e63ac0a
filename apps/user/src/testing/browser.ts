import { createRemoteJWKSet, jwtVerify, type JWTVerifyResult } from 'jose';
import { createHash, randomBytes } from 'node:crypto';
import { peopleScopes } from '@causeway/contracts';

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token?: string;
  expires_in: number;
  scope: string;
  token_type: string;
}

interface Cookie {
  value: string;
  path: string;
}

export interface AuthorizeOptions {
  readonly scope?: string | undefined;
  readonly prompt?: string;
  readonly parameters?: Readonly<Record<string, string | undefined>>;
}

export const defaultScope = ['openid', ...peopleScopes].join(' ');

/** Acts as browser and public client in a sign-in: cookies with their paths, redirects, the form, PKCE. */
export class Browser {
  readonly cookies = new Map<string, Cookie>();
  verifier = randomBytes(32).toString('base64url');
  state = randomBytes(8).toString('hex');

  constructor(
    private readonly issuer: string,
    private readonly redirectUri: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const sent = [...this.cookies].filter(
      ([, { path }]) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')),
    );
    const headers = {
      accept: 'text/html',
      ...this.headers,
      ...(sent.length > 0 && { cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') }),
      ...(init.headers as Record<string, string> | undefined),
    };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      const path = /path=([^;]+)/i.exec(line)?.[1] ?? '/';
      if (value === '') this.cookies.delete(name!);
      else this.cookies.set(name!, { value: value!, path });
    }
    return response;
  }

  /** Follows redirects until a page, or until the redirect to the client. */
  async follow(response: Response): Promise<{ response: Response; url: string }> {
    let current = response;
    let url = current.url;
    while (current.status >= 300 && current.status < 400) {
      url = new URL(current.headers.get('location')!, url).href;
      if (url.startsWith(this.redirectUri)) break;
      current = await this.fetch(url);
    }
    return { response: current, url };
  }

  authorizationUrl({ scope = defaultScope, prompt, parameters = {} }: AuthorizeOptions = {}): string {
    const query = {
      client_id: 'causeway-demo',
      redirect_uri: this.redirectUri,
      response_type: 'code',
      scope,
      state: this.state,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      prompt,
      ...parameters,
    };
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `${this.issuer}/auth?${new URLSearchParams(given).toString()}`;
  }

  async open(options: AuthorizeOptions = {}): Promise<{ response: Response; url: string }> {
    return this.follow(await this.fetch(this.authorizationUrl(options)));
  }

  /** Submits the form of a page. */
  async submit(url: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const response = await this.fetch(url, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
    return this.follow(response);
  }

  async code(email: string, password: string, options: AuthorizeOptions = {}): Promise<string> {
    const page = await this.open(options);
    const { url } = await this.submit(page.url, { email, password });
    const parameters = new URL(url).searchParams;
    if (parameters.get('state') !== this.state) throw new Error(`no sign-in: ${url}`);
    const code = parameters.get('code');
    if (!code) throw new Error(`no code: ${url}`);
    return code;
  }

  exchange(code: string, parameters: Record<string, string> = {}): Promise<Response> {
    return this.tokenRequest({
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
      ...parameters,
    });
  }

  refresh(refreshToken: string): Promise<Response> {
    return this.tokenRequest({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  tokenRequest(parameters: Record<string, string>): Promise<Response> {
    return fetch(`${this.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'causeway-demo', ...parameters }),
    });
  }

  async signIn(email: string, password: string, options: AuthorizeOptions = {}): Promise<Tokens> {
    const response = await this.exchange(await this.code(email, password, options));
    if (response.status !== 200)
      throw new Error(`token endpoint responded with ${response.status}: ${await response.text()}`);
    return (await response.json()) as Tokens;
  }
}

/** Verifies an access token as a service does: signature, issuer, audience and type. @throws for any other */
export const verifyAccessToken = (issuer: string, token: string): Promise<JWTVerifyResult> =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), {
    issuer,
    audience: 'urn:causeway:api',
    typ: 'at+jwt',
  });
