import { DatabaseHealth, migrate } from '@causeway/persistence';
import { registerReadiness } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SandboxErrorFilter } from './error.filter.js';
import { migrations } from './migrations.js';

export function configureHttp(app: NestFastifyApplication): void {
  const database = app.get(DatabaseHealth);
  registerReadiness('database', () => database.check());
  app.useGlobalFilters(new SandboxErrorFilter());
}

export async function runMigrations(databaseUrl: string): Promise<void> {
  const log = getLogger('migrate');
  await migrate(databaseUrl, [...migrations], { log: (line: string) => log.info(line) });
}
