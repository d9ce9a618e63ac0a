import { BrokerHealth } from '@causeway/messaging';
import { DatabaseHealth } from '@causeway/persistence';
import { registerReadiness } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mountOidc } from './oidc/mount.js';

/** What the HTTP side has besides Nest's controllers. */
export function configureHttp(app: NestFastifyApplication): void {
  const [database, broker] = [app.get(DatabaseHealth), app.get(BrokerHealth)];
  registerReadiness('database', () => database.check());
  // Shown, not required: without the broker people can still register and sign in; the outbox keeps what is to be told.
  registerReadiness('broker', () => broker.connected, { required: false });
  mountOidc(app);
}
