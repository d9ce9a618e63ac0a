import { createHash, randomBytes } from 'node:crypto';
import { scopesOf } from '@causeway/contracts';
import type { AttackedSystem } from './attacked-system.js';
import type { AttackAnswer } from './client.js';

/** The browser of one person, as far as a sign-in needs one: cookies, redirects, the form. */
export class AttackerBrowser {
  readonly cookies = new Map<string, string>();
  readonly verifier = randomBytes(32).toString('base64url');
  /** Sent with every request. */
  headers: Readonly<Record<string, string>> = {};

  /** @param base Another server than the gateway: the service that has the pages. */
  constructor(
    private readonly system: Pick<AttackedSystem, 'http' | 'endpoints'>,
    private readonly base?: URL,
  ) {}

  /** The path of an authorization request. @param changes Other parameters; undefined leaves one out. */
  authorizationPath(changes: Readonly<Record<string, string | undefined>> = {}): string {
    const { clientId, redirectUri } = this.system.endpoints.oidc;
    const parameters = {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: ['openid', ...scopesOf.customer].join(' '),
      state: 'state-of-the-client',
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    };
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/oidc/auth?${new URLSearchParams(given).toString()}`;
  }

  /** Follows redirects within the gateway. */
  async get(path: string): Promise<AttackAnswer & { readonly path: string }> {
    let at = path;
    for (let steps = 0; steps < 10; steps += 1) {
      const answer = await this.send('GET', at);
      const next = this.redirectOf(answer, at);
      if (next === undefined || next.startsWith(this.system.endpoints.oidc.redirectUri))
        return { ...answer, path: next ?? at };
      at = new URL(next).pathname + new URL(next).search;
    }
    throw new Error(`${path} redirects without an end`);
  }

  /** Submits the form of a page. */
  async submit(path: string, fields: Readonly<Record<string, string>>): Promise<AttackAnswer> {
    return this.submitForm(path, new URLSearchParams(fields).toString());
  }

  /** @param form As it goes on the wire: nothing is encoded. */
  submitForm(path: string, form: string): Promise<AttackAnswer> {
    return this.send('POST', path, form);
  }

  /**
   * Signs in, up to the address to which the client gets its code.
   * @param changes As for {@link authorizationPath}.
   */
  async code(email: string, password: string, changes: Readonly<Record<string, string>> = {}): Promise<string> {
    const page = await this.get(this.authorizationPath(changes));
    const answer = await this.submit(formOf(page.text), { email, password });
    const next = this.redirectOf(answer, page.path);
    if (next === undefined) throw new Error(`no sign-in: ${answer.status}`);
    const { path } = await this.get(new URL(next).pathname + new URL(next).search);
    const code = URL.parse(path)?.searchParams.get('code');
    if (!code) throw new Error(`no code at ${path}`);
    return code;
  }

  exchange(code: string, changes: Readonly<Record<string, string>> = {}): Promise<AttackAnswer> {
    return this.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.system.endpoints.oidc.redirectUri,
      code_verifier: this.verifier,
      ...changes,
    });
  }

  refresh(refreshToken: string, changes: Readonly<Record<string, string>> = {}): Promise<AttackAnswer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...changes });
  }

  private token(fields: Readonly<Record<string, string>>): Promise<AttackAnswer> {
    const form = new URLSearchParams({ client_id: this.system.endpoints.oidc.clientId, ...fields });
    return this.send('POST', '/oidc/token', form.toString());
  }

  private async send(method: string, path: string, form?: string): Promise<AttackAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      accept: 'text/html',
      ...(cookie !== '' && { cookie }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...this.headers,
    };
    const answer = await this.system.http.send({ method, path, headers, body: form }, this.base);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  private redirectOf({ status, headers }: AttackAnswer, at: string): string | undefined {
    if (status < 300 || status >= 400 || headers.location === undefined) return undefined;
    return new URL(headers.location, new URL(at, this.system.endpoints.gateway)).href;
  }
}

/** The values of the hidden fields of a page. */
export const hiddenIn = (page: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...page.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );

/** Where the form of a page goes. @throws where there is none */
export function formOf(page: string): string {
  const action = /<form[^>]*method="post"[^>]*action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined) throw new Error(`no form in ${page.slice(0, 200)}`);
  return action.replaceAll('&amp;', '&');
}
