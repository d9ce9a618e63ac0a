import { loadSettings } from '@causeway/config';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { createApp } from '@causeway/service-host';
import { createDatabase, startNats, type TestDatabase, type TestNats } from '@causeway/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { migrations } from '../migrations.js';
import { service } from '../service.js';
import { Browser } from './browser.js';
import { Mailbox } from './mailbox.js';

expectDeclaredResponses();

export const redirectUri = 'http://127.0.0.1:65000/callback';
export const signedOutUri = 'http://127.0.0.1:65000/signed-out';
export const docsRedirectUri = 'http://127.0.0.1:65000/docs/static/oauth2-redirect.html';
export const machineSecret = 'a-secret-of-the-machine-client-0123456789';
export const password = 'Tulpen-im-Novemberregen';

const secrets = {
  FIELD_KEYS: `v1:${randomBytes(32).toString('base64')}`,
  BLIND_INDEX_KEY: randomBytes(32).toString('hex'),
  OIDC_COOKIE_KEYS: randomBytes(32).toString('hex'),
};

export interface UserService {
  readonly app: NestFastifyApplication;
  readonly database: TestDatabase;
  readonly nats: TestNats;
  readonly origin: string;
  readonly issuer: string;
  readonly mailbox: Mailbox;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  send(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Response>;
  /** Registers a person and returns what a sign-in needs. */
  person(): Promise<Person>;
  /** Signs a person in and returns the access token. */
  token(person: Person, scope?: string): Promise<string>;
  stop(): Promise<void>;
}

export interface Person {
  readonly id: string;
  readonly email: string;
}

/**
 * Starts the real service on a free port, with its own database and broker unless they are shared. Passkeys need an issuer
 * with a name: `host: 'localhost'`.
 */
export async function startUserService(
  overrides: Record<string, string> = {},
  shared: { database?: TestDatabase; nats?: TestNats; port?: number; host?: string } = {},
): Promise<UserService> {
  const database = shared.database ?? (await createDatabase({ migrations }));
  const nats = shared.nats ?? (await startNats());
  const port = await freePort();
  const mailFolder = await mkdtemp(join(tmpdir(), 'causeway-mails-'));
  const origin = `http://127.0.0.1:${port}`;
  const issuer = `http://${shared.host ?? '127.0.0.1'}:${shared.port ?? port}/oidc`;
  const settings = loadSettings(service.settings, {
    ...secrets,
    HTTP_PORT: String(port),
    MANAGEMENT_PORT: '0',
    LOG_LEVEL: 'silent',
    REQUEST_DEADLINE_MS: '20000',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    AUTH_ISSUER: issuer,
    AUTH_JWKS_URL: `${issuer}/jwks`,
    OIDC_REDIRECT_URIS: redirectUri,
    OIDC_POST_LOGOUT_REDIRECT_URIS: signedOutUri,
    OIDC_DOCS_REDIRECT_URIS: docsRedirectUri,
    OIDC_MACHINE_SECRET: machineSecret,
    MAIL_URL: pathToFileURL(mailFolder).href,
    ...overrides,
  });
  const app = await createApp(service, settings);
  await app.listen(port, '127.0.0.1');
  await app.startAllMicroservices();

  const send: UserService['send'] = (method, path, { body, headers } = {}) =>
    fetch(`${origin}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
  const post: UserService['post'] = (path, body, headers) =>
    send('POST', path, { body, headers: { 'idempotency-key': randomUUID(), ...headers } });
  return {
    app,
    database,
    nats,
    origin,
    issuer,
    mailbox: new Mailbox(mailFolder),
    send,
    post,
    async person() {
      const email = `Ann.${randomUUID()}@Example.org`;
      const response = await post('/v1/users', { email, password, displayName: 'Ann Bell' });
      if (response.status !== 201)
        throw new Error(`registration responded with ${response.status}: ${await response.text()}`);
      return { id: ((await response.json()) as { id: string }).id, email };
    },
    async token({ email }, scope) {
      const { access_token } = await new Browser(issuer, redirectUri).signIn(email, password, { scope });
      return access_token;
    },
    async stop() {
      await app.close();
      await rm(mailFolder, { recursive: true, force: true });
      if (!shared.database) await database.drop();
      if (!shared.nats) await nats.stop();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
