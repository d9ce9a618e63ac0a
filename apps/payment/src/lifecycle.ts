import { BrokerHealth, jetStreamServer } from '@causeway/messaging';
import { DatabaseHealth } from '@causeway/persistence';
import { registerReadiness } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export function configureHttp(app: NestFastifyApplication): void {
  const [database, broker] = [app.get(DatabaseHealth), app.get(BrokerHealth)];
  registerReadiness('database', () => database.check());
  // Shown, not required: without the broker payments can still be read, and webhooks are stored.
  registerReadiness('broker', () => broker.connected, { required: false });
}

export const microservice = jetStreamServer;
