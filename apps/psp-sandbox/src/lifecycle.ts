import { DatabaseHealth } from '@causeway/persistence';
import { registerReadiness } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SandboxErrorFilter } from './sandbox-error.filter.js';

export function configureHttp(app: NestFastifyApplication): void {
  const database = app.get(DatabaseHealth);
  registerReadiness('database', () => database.check());
  app.useGlobalFilters(new SandboxErrorFilter());
}
