import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, Customer, type ApiResponse } from '@causeway/demo-client';
import { startSystem, type ServiceInstance, type System } from '@causeway/launcher';
import { run } from '@causeway/launcher/run';
import { hasOpenssl, withOpenssl } from '@causeway/testkit';
import { whenRunnable } from '@causeway/testkit/when-runnable';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { eventually } from '../src/eventually.js';
import { wrongLines } from '../src/log-lines.js';
import { connectAs, linesOf } from '../src/target.js';

// A service in another language among the others: found, reached, traced and stopped like one of them.
interface Author {
  readonly id: string;
  readonly memberSince: string | null;
}
interface PostView {
  readonly id: string;
  readonly author: Author;
  readonly title: string;
  readonly comments: number;
  readonly version: number;
}
interface CommentView {
  readonly id: string;
  readonly author: Author;
}

interface Stored {
  readonly id: string;
  readonly envelope: { readonly id: string; readonly data: unknown };
}

const { examples, describeRunnable } = await whenRunnable('blog-python');

describeRunnable('the blog in Python', () => {
  let folder: string;
  let system: System;
  let provisioner: NatsConnection;
  let blog: ServiceInstance;
  const patience = { REQUEST_DEADLINE_MS: '60000' };
  const without = <T>(path: string): Promise<ApiResponse<T>> => call<T>(system.urls.gateway, path);
  const send = <T>(customer: Customer, path: string, body: unknown): Promise<ApiResponse<T>> =>
    customer.call<T>(path, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': randomBytes(16).toString('hex') },
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'causeway-blog-'));
    system = await startSystem({
      folder,
      ports: 'any',
      durable: false,
      examples,
      env: { all: patience },
      tls: hasOpenssl,
    });
    provisioner = await connectAs(
      system.urls.nats,
      'provisioner',
      system.secrets.nats['provisioner'] ?? '',
      system.trust?.nats,
    );
    blog = system.services.find(({ service }) => service === 'blog')!;
  }, 240_000);
  afterAll(async () => {
    await provisioner?.close();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  /** `npx causeway`, as a person in another terminal uses it. */
  const causeway = (...args: string[]) =>
    run([process.execPath, join(import.meta.dirname, '../../cli/causeway.mjs'), ...args, '--folder', folder]);

  /** The latest message of a subject, as the broker stores it. */
  const stored = async (subject: string): Promise<Stored | undefined> => {
    const jsm = await jetstreamManager(provisioner);
    const found = await jsm.streams.getMessage('BLOG', { last_by_subj: subject });
    return found
      ? { id: found.header.get('Nats-Msg-Id'), envelope: found.json<{ id: string; data: unknown }>() }
      : undefined;
  };

  test('a customer writes a post and a comment through the gateway; both events are in the stream', async () => {
    const customer = await Customer.create(system.endpoints);
    const created = await send<PostView>(customer, '/v1/posts', { title: ' Hello ', text: 'A first post 🌊' });
    expect([created.status, created.body]).toEqual([201, expect.objectContaining({ title: 'Hello' })]);
    const { id, author } = created.body;
    expect(created.body).toMatchObject({ title: 'Hello', comments: 0, version: 1 });
    expect([created.headers.get('location'), created.headers.get('etag')]).toEqual([`/v1/posts/${id}`, '"1"']);
    const added = await send<CommentView>(customer, `/v1/posts/${id}/comments`, { text: 'Well said' });
    expect(added.status).toBe(201);

    // From user's contract, by an event: it may come after the first post.
    const post = await eventually('memberSince', async () => {
      const { body } = await without<PostView>(`/v1/posts/${id}`);
      return body.author.memberSince !== null && body;
    });
    expect(post).toMatchObject({ comments: 1, version: 2, author: { id: author.id } });
    expect(Date.parse(post.author.memberSince!)).toBeLessThanOrEqual(Date.now() + 60_000);

    for (const [subject, data] of [
      ['blog.evt.post-published.v1', { postId: id, authorId: author.id, title: 'Hello' }],
      ['blog.evt.comment-added.v1', { postId: id, commentId: added.body.id, authorId: author.id }],
    ] as const) {
      const message = await eventually(subject, () => stored(subject));
      expect(message).toMatchObject({ envelope: { subject: id, type: subject, source: '/causeway/blog', data } });
      expect(message.id).toBe(message.envelope.id);
    }

    const spans = await eventually('the span of the relay', () => {
      const found = system.trace(created.traceId);
      return Promise.resolve(found.some(({ name }) => name === 'publish blog.evt.post-published.v1') && found);
    });
    expect(spans.filter(({ service }) => service === 'blog').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['POST /v1/posts', 'transaction publishPost', 'publish blog.evt.post-published.v1']),
    );
  });

  test('the gateway checks token and scope before the service sees a request', async () => {
    const { status, body } = await call<{ code: string }>(system.urls.gateway, '/v1/posts', {
      method: 'POST',
      body: { title: 'x', text: 'y' },
      headers: { 'idempotency-key': 'k' },
    });
    expect([status, body.code]).toEqual([401, 'TOKEN_MISSING']);
  });

  test('the command line shows it, its outbox and its health', async () => {
    const { stdout } = await causeway('services', '--json');
    const rows = JSON.parse(stdout) as { service: string; status: string; announced: boolean; problems: string[] }[];
    expect(rows.find(({ service }) => service === 'blog')).toMatchObject({
      status: 'ready',
      announced: true,
      problems: [],
    });
    const outbox = JSON.parse((await causeway('outbox', '--json')).stdout) as {
      service: string;
      unreadable?: string;
    }[];
    expect(outbox.find(({ service }) => service === 'blog')).not.toHaveProperty('unreadable');
    const changed = await causeway('log-level', 'blog', 'debug', '--for', '10m');
    expect([changed.code, changed.stdout]).toEqual([0, expect.stringContaining('debug')]);
  });

  test('after a kill -9 the service is back, and what was written is there', async () => {
    const customer = await Customer.create(system.endpoints);
    const { body } = await send<PostView>(customer, '/v1/posts', { title: 'Durable', text: 'text' });
    await blog.kill();
    await blog.start();
    const read = await eventually('the post', async () => {
      const response = await without<PostView>(`/v1/posts/${body.id}`);
      return response.status === 200 && response;
    });
    expect(read.body.title).toBe('Durable');
  });

  test('it stops with exit code 0, and every line of its log fits the schema', async () => {
    const exit = await blog.stop();
    expect(exit).toMatchObject({ code: 0 });
    const lines = linesOf(readFileSync(blog.logFile, 'utf8'));
    expect(lines.length).toBeGreaterThan(4);
    expect(wrongLines(lines)).toEqual([]);
    await blog.start();
  });

  withOpenssl('over TLS', () => {
    test.each([
      ['DATABASE_CA', 'DATABASE_UNTRUSTED'],
      ['NATS_CA', 'BROKER_UNTRUSTED'],
    ])('with a %s that did not sign, the start ends with %s', async (setting, code) => {
      const { postgres, nats } = system.trust!;
      const { folder: cwd, program } = examples[0]!;
      const env = {
        PATH: process.env['PATH'],
        HTTP_PORT: '0',
        MANAGEMENT_PORT: '0',
        DATABASE_URL: system.databaseUrl('blog'),
        DATABASE_CA: postgres.ca,
        NATS_URL: system.urls.nats,
        NATS_USER: 'blog',
        NATS_PASSWORD: system.secrets.nats['blog'],
        NATS_CA: nats.ca,
        AUTH_ISSUER: system.oidc.issuer,
        AUTH_JWKS_URL: `${system.oidc.issuer}/jwks`,
        CURSOR_SECRET: randomBytes(32).toString('base64'),
        // That of the other server.
        [setting]: setting === 'NATS_CA' ? postgres.ca : nats.ca,
      };
      const end = await run([program, '-B', '-m', 'blog', 'serve'], { cwd, env, timeoutMs: 60_000 });
      const last = JSON.parse(linesOf(end.stdout).at(-1) ?? '{}') as { code?: string; detail?: string };
      expect([end.code, last]).toEqual([1, expect.objectContaining({ code })]);
      expect(last.detail).toMatch(/certificate verify failed/);
    });
  });

  test('its own tests pass', async () => {
    const { folder: source, program } = examples[0]!;
    expect(existsSync(join(source, 'tests'))).toBe(true);
    // As its own tests want it: what is not closed fails, and no compiled code stays in the repository.
    const { code, stderr } = await run(
      [program, '-B', '-W', 'error', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'],
      { cwd: source },
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/Ran [1-9]\d* tests[^]*OK\s*$/)]);
  });
});
