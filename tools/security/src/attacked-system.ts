import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorisation, routes, type RouteDefinition } from '@causeway/contracts';
import { Customer, UnexpectedResponse, type Endpoints } from '@causeway/demo-client';
import { startSystem, type ServiceInstance, type System } from '@causeway/launcher';
import { ApiDocument } from './api-document.js';
import { AttackClient } from './client.js';
// demo
import { mostStreams } from './demo/most-streams.js';
// end demo
import { heapOfContainer } from './memory.js';
import { Person } from './person.js';
import { TrustedIssuer } from './trusted-issuer.js';

/** What only a system that we have started ourselves gives. */
export interface Inside {
  readonly system: System;
  /** Signs tokens that every service trusts. */
  readonly issuer: TrustedIssuer;
}

/** A running system under attack, its victim, and a stranger who is a customer as well. */
export class AttackedSystem {
  readonly http: AttackClient;
  /** Those that the tokens we can have open. */
  readonly routes: readonly RouteDefinition[];
  /** Of everything that is chosen at random. */
  seed = randomInt(2 ** 31);
  /** Requests of each operation that is fuzzed; undefined: as many as usual. */
  runs: number | undefined;

  private constructor(
    readonly endpoints: Endpoints,
    /** As the gateway serves it. */
    readonly document: ApiDocument,
    readonly victim: Person,
    readonly stranger: Person,
    /** Everything is tried everywhere, not a part of it somewhere. */
    readonly thorough: boolean,
    readonly inside: Inside | undefined,
    private readonly release: () => Promise<void>,
  ) {
    this.http = new AttackClient(new URL(endpoints.gateway), inside === undefined);
    this.routes = inside ? routes : routes.filter(isForCustomers);
  }

  /** Starts a system on free ports, with its own data, whose limits on requests are out of the way. */
  static async start(options: { readonly thorough: boolean; readonly log?: (line: string) => void }) {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-attack-'));
    const issuer = await TrustedIssuer.start();
    const settings = { AUTH_JWKS_URL: `${issuer.origin}/jwks`, NODE_OPTIONS: heapOfContainer, ...patience };
    let system: System | undefined;
    const release = async (): Promise<void> => {
      await system?.stop();
      await issuer.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      system = await startSystem({
        ...{ folder, ports: 'any', durable: false, log: options.log },
        env: { all: settings, gateway: generous, user: generousToAddresses },
      });
      issuer.issuerKeys = `${system.oidc.issuer}/jwks`;
      return await AttackedSystem.of(system.endpoints, options.thorough, { system, issuer }, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Attacks a system that runs already, by its public address alone. */
  static attach(gateway: string, options: { readonly thorough: boolean }): Promise<AttackedSystem> {
    const origin = new URL(gateway).origin;
    const oidc = { issuer: `${origin}/oidc`, clientId: 'causeway-demo', redirectUri: `${origin}/callback` };
    return AttackedSystem.of({ gateway: origin, oidc }, options.thorough, undefined, () => Promise.resolve());
  }

  private static async of(
    endpoints: Endpoints,
    thorough: boolean,
    inside: Inside | undefined,
    release: () => Promise<void>,
  ): Promise<AttackedSystem> {
    const [victim, stranger] = [await customerOf(endpoints, 'Ada Lovelace'), await customerOf(endpoints, 'Mallory')];
    const person = (customer: Customer): Person => new Person(customer, inside?.issuer);
    const document = await ApiDocument.read(endpoints.gateway);
    return new AttackedSystem(endpoints, document, person(victim), person(stranger), thorough, inside, release);
  }

  /**
   * A part of a list, spread over it; with another `offset`, another part.
   * @param count How many.
   * @param thorough How many where the attack is thorough. Default: all.
   */
  some<T>(all: readonly T[], count: number, offset = 0, thorough = all.length): readonly T[] {
    const most = Math.min(this.thorough ? thorough : count, all.length);
    const step = Math.floor(all.length / most);
    return Array.from({ length: most }, (_, index) => all[(offset + index * step) % all.length]!);
  }

  /** A new customer, for an attack that might spoil the victim. */
  async newcomer(): Promise<Person> {
    return new Person(await customerOf(this.endpoints, 'Newcomer'), this.inside?.issuer);
  }

  /** Somebody for many requests of a route: there is a limit to what one may create, and what is deleted is gone. */
  async spare({ method, body }: Pick<RouteDefinition, 'method' | 'body'>): Promise<Person> {
    return method === 'delete' || (body && this.thorough) ? this.newcomer() : this.stranger;
  }

  /** The `Authorization` of a person for a route; undefined for a public one. */
  async authorization(route: Pick<RouteDefinition, 'scope'>, person: Person): Promise<string | undefined> {
    return route.scope && `Bearer ${await person.token([route.scope])}`;
  }

  /** The first process of a service; undefined for a target that runs elsewhere. */
  service(name: string): ServiceInstance | undefined {
    return this.inside?.system.services.find(({ service }) => service === name);
  }

  /** Everything that the services have logged; empty for a target that runs elsewhere. */
  async logs(): Promise<string> {
    const { services = [] } = this.inside?.system ?? {};
    return (await Promise.all(services.map(({ logFile }) => readFile(logFile, 'utf8')))).join('');
  }

  async stop(): Promise<void> {
    this.http.close();
    await this.release();
  }
}

const isForCustomers = ({ operationId }: RouteDefinition): boolean => {
  const permission = authorisation[operationId];
  return permission === 'everybody' || (typeof permission === 'object' && permission.customer !== undefined);
};

const minuteMs = 60_000;

/** A new customer; waits where a rate limit says so. */
async function customerOf(endpoints: Endpoints, name: string): Promise<Customer> {
  for (let tries = 0; ; tries += 1)
    try {
      return await Customer.create(endpoints, name);
    } catch (error) {
      if (!(error instanceof UnexpectedResponse) || error.status !== 429 || tries > 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, minuteMs));
    }
}

/** A slow machine is no fault of the system. */
const patience = { REQUEST_DEADLINE_MS: '60000' } as const;
/** An attack is refused for what it is, not for its number. */
const generous = {
  RATE_LIMIT_PER_MINUTE: '10000000',
  RATE_LIMIT_SIGN_IN_PER_MINUTE: '10000000',
  // demo
  RATE_LIMIT_WEBHOOK_PER_MINUTE: '10000000',
  ...mostStreams,
  // end demo
} as const;
/** All of the suite comes from one address. What is counted for one account stays. */
const generousToAddresses = { EMAIL_TAKEN_PER_ADDRESS: '100000', LOGIN_FAILURES_PER_ADDRESS: '100000' } as const;
