import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestIssuer, type TestToken } from '@causeway/auth/testing';
import { loadSettings } from '@causeway/config';
import { scopesOf } from '@causeway/contracts';
import { createApp, HostState } from '@causeway/service-host';
import { startNats, type TestNats } from '@causeway/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { service } from '../service.js';
import { StubService } from './stub-service.js';

/** The gateway in this process, in front of services that the test plays: `user`, with two instances. */
export class World {
  url!: string;
  host!: HostState;
  nats!: TestNats;
  issuer!: TestIssuer;
  readonly services: Record<string, StubService[]> = {};
  private app!: NestFastifyApplication;

  /** How many instances the test plays, by service. */
  protected readonly plays: Readonly<Record<string, number>> = { user: 2 };

  static async start(overrides: Record<string, string> = {}): Promise<World> {
    return new World().begin(overrides);
  }

  protected async begin(overrides: Record<string, string>): Promise<this> {
    this.nats = await startNats();
    this.issuer = await TestIssuer.start();
    for (const [name, instances] of Object.entries(this.plays))
      this.services[name] = await Promise.all(Array.from({ length: instances }, () => StubService.start()));
    await this.startGateway(overrides);
    return this;
  }

  /** Starts the gateway, or restarts it with fresh breakers, limits and instances. */
  async startGateway(overrides: Record<string, string> = {}): Promise<void> {
    await this.stopGateway();
    const addresses = Object.entries(this.services).map(
      ([name, stubs]) => `${name}=${stubs.map(({ url }) => url).join('|')}`,
    );
    const values = loadSettings(service.settings, {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
      NATS_URL: this.nats.url,
      DISCOVERY_MODE: 'static',
      DISCOVERY_STATIC: addresses.join(','),
      AUTH_ISSUER: this.issuer.settings.AUTH_ISSUER,
      AUTH_JWKS_URL: this.issuer.settings.AUTH_JWKS_URL,
      PUBLIC_URL: 'https://shop.example',
      RATE_LIMIT_PER_MINUTE: '100000',
      RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000',
      ...overrides,
    });
    this.host = new HostState();
    this.app = await createApp(service, values, this.host);
    await this.app.listen(0, '127.0.0.1');
    this.url = await this.app.getUrl();
  }

  async stopGateway(): Promise<void> {
    await (this.app as NestFastifyApplication | undefined)?.close();
  }

  async end(): Promise<void> {
    await this.stopGateway();
    for (const stub of this.stubs) await stub.stop();
    await this.issuer.close();
    await this.nats.stop();
  }

  get stubs(): readonly StubService[] {
    return Object.values(this.services).flat();
  }

  /** Resets the stub services. */
  reset(): void {
    for (const stub of this.stubs) stub.reset();
  }

  /** The instances of user. */
  get users(): [StubService, StubService] {
    return this.services['user'] as [StubService, StubService];
  }

  /** Sets the handler of all instances of user. */
  onUser(handler: StubService['handler']): void {
    for (const stub of this.users) stub.handler = handler;
  }

  get userCalls(): StubService['received'] {
    return this.users.flatMap(({ received }) => received);
  }

  async bearer(subject: string = randomUUID(), token: TestToken = {}): Promise<Record<string, string>> {
    return { authorization: `Bearer ${await this.issuer.sign(subject, { scopes: scopesOf.customer, ...token })}` };
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Sends a request as it is: no added headers, the path untouched. */
  raw(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.url);
      httpRequest({ hostname, port, path, method, headers, agent: false }, resolve).on('error', reject).end(body);
    });
  }
}

/** @throws when the condition is not true in time. */
export async function eventually(condition: () => boolean, withinMs = 5_000): Promise<void> {
  for (const until = Date.now() + withinMs; !condition(); await sleep(5))
    if (Date.now() > until) throw new Error(`never came true: ${condition.toString()}`);
}
