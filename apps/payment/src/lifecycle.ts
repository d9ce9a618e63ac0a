import { BrokerHealth, jetStreamServer } from '@causeway/messaging';
import { DatabaseHealth, migrate } from '@causeway/persistence';
import { registerReadiness } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { migrations } from './migrations.js';

export function configureHttp(app: NestFastifyApplication): void {
  const [database, broker] = [app.get(DatabaseHealth), app.get(BrokerHealth)];
  registerReadiness('database', () => database.check());
  // Shown, not required: without the broker payments can still be read, and webhooks are stored.
  registerReadiness('broker', () => broker.connected, { required: false });
}

export const microservice = jetStreamServer;

export async function runMigrations(databaseUrl: string): Promise<void> {
  const log = getLogger('migrate');
  await migrate(databaseUrl, [...migrations], { log: (line: string) => log.info(line) });
}
