import 'reflect-metadata';
import type { Settings, SettingsShape } from '@causeway/config';
import { getLogger, NestLogger } from '@causeway/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServiceContext, ServiceDefinition } from './definition.js';
import type { GovernanceRoute } from './health/governance-route.js';
import { registerReadiness } from './health/readiness.js';
import { HostState } from './host-state.js';
import { createHttpAdapter } from './http/server.js';
import { SETTINGS } from './tokens.js';

/** The root module: the service's own, with the modules of its capabilities, and what the host provides to all of them. */
@Module({})
class HostModule {
  static forRoot(module: DynamicModule, host: HostState, settings: object): DynamicModule {
    return {
      module: HostModule,
      global: true,
      imports: [module],
      providers: [
        { provide: HostState, useValue: host },
        { provide: SETTINGS, useValue: settings },
      ],
      exports: [HostState, SETTINGS],
    };
  }
}

/**
 * Builds a service as `runService` does, without touching the process: no signals, no management port, no listening.
 * For tests, followed by `app.listen(0)` or `app.inject(…)`, and `app.close()`.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#bootstrapping-defineservice-instead-of-nestfactory-in-maints
 *
 * @returns The application, initialized; transports are connected, not started (`app.startAllMicroservices()`).
 */
export async function createApp<S extends SettingsShape>(
  definition: ServiceDefinition<S>,
  settings: NoInfer<Settings<S>>,
  host: HostState = new HostState(),
): Promise<NestFastifyApplication> {
  const service = { name: definition.name, settings } as unknown as ServiceContext;
  const { adapter, filter } = createHttpAdapter(
    host,
    service.settings,
    definition.fastify?.(settings),
    definition.edge,
  );
  // Imported by the service's module, so that Nest initializes them before it, and closes them after it.
  const [module, ...imports] = await Promise.all([
    definition.module(),
    ...definition.uses.map((capability) => capability.module?.(service)),
  ]);
  const root = { module, imports: imports.filter((imported) => imported !== undefined) };
  const app = await NestFactory.create<NestFastifyApplication>(HostModule.forRoot(root, host, settings), adapter, {
    logger: new NestLogger(getLogger('nest')),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(filter);
  for (const capability of definition.uses) {
    const part = await capability.readiness?.(app);
    if (part) registerReadiness(part);
  }
  for (const owner of [...definition.uses, definition]) addRoutes(host, (await owner.governance?.(app)) ?? []);
  await definition.configureHttp?.(app);
  await app.init();
  // Nest loads its microservice package in init(); before that, connectMicroservice cannot work.
  for (const capability of definition.uses) {
    const strategy = await capability.transport?.(app);
    if (strategy) app.connectMicroservice({ strategy });
  }
  return app;
}

function addRoutes(host: HostState, routes: readonly GovernanceRoute[]): void {
  for (const route of routes) {
    const { method, path } = route;
    if (host.governance.some((other) => other.method === method && other.path === path))
      throw new Error(`two parts of the service contribute ${method} /governance/${path}`);
    host.governance.push(route);
  }
}
