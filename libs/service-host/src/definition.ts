import type { Settings, SettingsShape } from '@causeway/config';
import { telemetrySettings } from '@causeway/telemetry';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import type { GovernanceRoute } from './health/governance-route.js';
import type { ReadinessPart } from './health/readiness.js';
import { hostSettings } from './settings.js';

type BaseSettings = typeof telemetrySettings & typeof hostSettings;
type Awaitable<T> = T | Promise<T>;

/** The values of settings `S`, together with those that every service has. */
export type ServiceSettings<S extends SettingsShape> = Settings<S & BaseSettings>;

/** What a capability learns about the service that uses it. */
export interface ServiceContext<S extends SettingsShape = SettingsShape> {
  /** `order`: the name in discovery, logs and traces. */
  readonly name: string;
  readonly settings: ServiceSettings<S>;
}

/** Nest's microservice strategy, as far as the host uses it. */
export interface TransportStrategy {
  listen(callback: (...args: unknown[]) => void): unknown;
  close(): unknown;
}

/**
 * Something that a service can use: a database, messaging, token checks. A plain value, so a team can write its own.
 *
 * Its own module must load nothing that takes time; every function imports what it needs. The health port answers
 * before any of that is loaded.
 */
export interface Capability<S extends SettingsShape = SettingsShape> {
  /** Appears in errors. */
  readonly name: string;
  readonly settings: S;
  /** A Nest module, imported by the service's own. It connects, waits, and closes through Nest's life-cycle hooks. */
  module?(service: ServiceContext<S>): Promise<DynamicModule>;
  /** A part of `GET /health/ready`. Called when the providers exist. */
  readiness?(app: INestApplicationContext): Promise<ReadinessPart>;
  /** What operators can read and change on the management port, below `/governance/`. Called when the providers exist. */
  governance?(app: INestApplicationContext): Awaitable<readonly GovernanceRoute[]>;
  /** What feeds message handlers. Called after every `onModuleInit`; it listens after HTTP, and before the service is ready. */
  transport?(app: INestApplicationContext): Promise<TransportStrategy>;
  /** What else the executable can do: `node dist/main.js migrate`. Each runs to its end; a rejection exits 1. */
  readonly commands?: Readonly<Record<string, (service: ServiceContext<S>) => Promise<void>>>;
}

/** What {@link defineService} takes. */
export interface ServiceParts<S extends SettingsShape, C extends readonly SettingsShape[]> {
  /** `order`: the name in discovery, logs and traces. */
  readonly name: string;
  /** The service's own settings. One of a name that a capability has, too, refines it. */
  readonly settings: S;
  readonly uses?: { readonly [I in keyof C]: Capability<C[I]> };
  /** The composition root, behind `import()`. It injects the settings by the token SETTINGS. */
  readonly module: () => Awaitable<Type>;
  /**
   * Requests come from outside: each begins a trace of ours, linked to its caller's. Default false: the caller is
   * another service of ours, and its trace continues.
   */
  readonly edge?: boolean;
  /**
   * What the service serves besides Nest's controllers: Fastify plugins, raw routes, content types. Called when the
   * providers exist, before any `onModuleInit` and any route.
   */
  configureHttp?(app: NestFastifyApplication): Awaitable<void>;
  /** As a capability's: routes of the service's own on the management port. */
  governance?(app: INestApplicationContext): Awaitable<readonly GovernanceRoute[]>;
  /** Fastify options of this service, for example `trustProxy`. */
  fastify?(settings: ServiceSettings<S & Intersection<C>>): FastifyHttpOptions<RawServerDefault>;
}

/** A service, ready for `runService` and `createApp`. `settings` holds everything that it reads from its environment. */
export interface ServiceDefinition<S extends SettingsShape = SettingsShape> {
  readonly name: string;
  readonly settings: S;
  readonly uses: readonly Capability[];
  readonly module: () => Awaitable<Type>;
  readonly edge: boolean;
  readonly commands: Readonly<Record<string, (service: ServiceContext) => Promise<void>>>;
  configureHttp?(app: NestFastifyApplication): Awaitable<void>;
  governance?(app: INestApplicationContext): Awaitable<readonly GovernanceRoute[]>;
  fastify?(settings: Settings<S>): FastifyHttpOptions<RawServerDefault>;
}

/** The settings that a service is given: `SettingsOf<typeof service>`. */
export type SettingsOf<D extends ServiceDefinition> = Settings<D['settings']>;

/** `[A, B]` → `A & B`. */
type Intersection<C extends readonly SettingsShape[]> = C extends readonly [infer Head, ...infer Rest]
  ? Head & (Rest extends readonly SettingsShape[] ? Intersection<Rest> : unknown)
  : unknown;

/**
 * Describes a service: what it is called, what it uses, and its Nest module. Everything that comes with a capability
 * (settings, module, readiness, commands, shutdown) is folded in here and in `createApp`.
 *
 * @throws Error when two capabilities claim the same setting or command.
 */
export function defineService<S extends SettingsShape, const C extends readonly SettingsShape[] = []>(
  parts: ServiceParts<S, C>,
): ServiceDefinition<S & Intersection<C> & BaseSettings> {
  const { name, edge = false } = parts;
  const uses = (parts.uses ?? []) as unknown as readonly Capability[];
  const settings = { ...merged(uses, 'settings'), ...parts.settings, ...telemetrySettings, ...hostSettings };
  return {
    ...parts,
    name,
    edge,
    uses,
    settings: settings as unknown as S & Intersection<C> & BaseSettings,
    commands: merged(uses, 'commands'),
  };
}

function merged<K extends 'settings' | 'commands'>(uses: readonly Capability[], kind: K): NonNullable<Capability[K]> {
  const owners = new Map<string, string>();
  const all: Record<string, unknown> = {};
  for (const capability of uses) {
    for (const [key, value] of Object.entries(capability[kind] ?? {})) {
      const owner = owners.get(key);
      if (owner !== undefined && all[key] !== value)
        throw new Error(`the capabilities ${owner} and ${capability.name} both have ${key} among their ${kind}`);
      owners.set(key, capability.name);
      all[key] = value;
    }
  }
  return all as NonNullable<Capability[K]>;
}
