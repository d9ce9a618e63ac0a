import type { Capability } from '@causeway/service-host';
import { natsSettings } from './settings.js';

/**
 * Messages over NATS: `MessagingModule`, the transport for `@Handles` and `@HandlesRpc`, readiness, and the command
 * `provision`, which creates streams and consumers. With a database beside it, the outbox relay runs.
 */
export const messaging = (): Capability<typeof natsSettings> => ({
  name: 'messaging',
  settings: natsSettings,
  async module({ name, settings }) {
    const { MessagingModule } = await import('./nest/messaging.module.js');
    return MessagingModule.forRoot({ service: name, settings });
  },
  async readiness(app) {
    const { BrokerHealth } = await import('./health.js');
    const health = app.get(BrokerHealth);
    // Not required for readiness: without the broker the service still serves reads, and the outbox keeps its messages.
    return { name: 'broker', check: () => health.connected, required: false };
  },
  async transport(app) {
    const { jetStreamServer } = await import('./nest/messaging.module.js');
    return jetStreamServer(app);
  },
  commands: {
    async provision({ settings }) {
      const { provisionTopology } = await import('./topology/provision-command.js');
      await provisionTopology(settings);
    },
  },
});
