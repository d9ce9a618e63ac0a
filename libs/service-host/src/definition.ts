import type { Settings, SettingsShape } from '@causeway/config';
import type { TelemetrySettings } from '@causeway/telemetry';
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import type { HostSettings } from './settings.js';

/** What a service is given: its own settings and those of the host and of telemetry. */
export type ServiceSettings<S extends SettingsShape> = Settings<S> & HostSettings & TelemetrySettings;

/** Nest's microservice strategy, as much of it as the host needs to know. */
export interface TransportStrategy {
  listen(callback: (...args: unknown[]) => void): unknown;
  close(): unknown;
}

type Awaitable<T> = T | Promise<T>;

/** What a service is. Everything that takes time to import belongs behind a dynamic `import()` inside the functions. */
export interface ServiceDefinition<S extends SettingsShape> {
  /** `order`: the name in discovery, logs and traces. */
  readonly name: string;
  readonly version: string;
  readonly settings: S;
  /**
   * Requests come from outside: each begins a trace of ours, linked to that of its caller. Default false: the trace of the caller, another
   * service, goes on.
   */
  readonly edge?: boolean;
  /** The composition root. */
  module(settings: ServiceSettings<S>): Awaitable<Type | DynamicModule>;
  /** What else the executable can do: `node dist/main.js migrate`. Each runs to its end; a rejection exits 1. */
  readonly commands?: Readonly<Record<string, (settings: ServiceSettings<S>) => Promise<void>>>;
  /**
   * Called when the providers exist and before any `onModuleInit` and any route: the place for Fastify plugins, raw routes,
   * other content types and `registerReadiness`.
   */
  configureHttp?(app: NestFastifyApplication, settings: ServiceSettings<S>): Awaitable<void>;
  /**
   * The transport that feeds message handlers, for example `jetStreamServer(app)` of `@causeway/messaging`. Called after every
   * `onModuleInit`; it starts to listen after HTTP does, and before the service is ready.
   */
  microservice?(app: NestFastifyApplication, settings: ServiceSettings<S>): Awaitable<TransportStrategy>;
  /** Options of Fastify that are this service's own, for example `trustProxy`. */
  fastify?(settings: ServiceSettings<S>): FastifyHttpOptions<RawServerDefault>;
}
