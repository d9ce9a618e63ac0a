import 'reflect-metadata';
import type { SettingsShape } from '@causeway/config';
import { getLogger, NestLogger } from '@causeway/telemetry';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServiceDefinition, ServiceSettings } from './definition.js';
import { HostState } from './host-state.js';
import { createHttpAdapter } from './http/server.js';

/** The root module: the service's own, and the state of the host for everybody to inject. */
@Module({})
class HostModule {
  static around(module: Type | DynamicModule, host: HostState): DynamicModule {
    return {
      module: HostModule,
      global: true,
      imports: [module],
      providers: [{ provide: HostState, useValue: host }],
      exports: [HostState],
    };
  }
}

/**
 * Builds a service as `runService` does, without touching the process: no signals, no management port, no listening. For tests, followed by
 * `app.listen(0)` or `app.inject(…)`, and `app.close()`.
 * @returns The application, initialized; its `microservice` is connected, not started (`app.startAllMicroservices()`).
 */
export async function createApp<S extends SettingsShape>(
  definition: ServiceDefinition<S>,
  settings: NoInfer<ServiceSettings<S>>,
  host: HostState = new HostState(),
): Promise<NestFastifyApplication> {
  const { adapter, filter } = createHttpAdapter(host, settings, definition.fastify?.(settings), definition.edge);
  const app = await NestFactory.create<NestFastifyApplication>(
    HostModule.around(await definition.module(settings), host),
    adapter,
    {
      logger: new NestLogger(getLogger('nest')),
      abortOnError: false,
      bodyParser: false,
    },
  );
  app.useGlobalFilters(filter);
  await definition.configureHttp?.(app, settings);
  await app.init();
  // Nest loads its microservice package in init(); before that, connectMicroservice cannot work.
  if (definition.microservice) app.connectMicroservice({ strategy: await definition.microservice(app, settings) });
  return app;
}
