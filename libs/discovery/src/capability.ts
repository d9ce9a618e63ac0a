import type { Capability } from '@causeway/service-host';
import { discoverySettings } from './settings.js';

export interface DiscoveryOptions {
  /**
   * The services that this one calls over HTTP, or how they follow from the settings of the whole service. Default none:
   * it is only found.
   */
  readonly find?: readonly string[] | ((settings: Readonly<Record<string, unknown>>) => readonly string[]);
}

/**
 * Finds the instances of other services, and, beside `messaging()`, announces this one in every mode.
 * `DISCOVERY_MODE=nats` needs `messaging()`.
 */
export const discovery = ({ find }: DiscoveryOptions = {}): Capability<typeof discoverySettings> => ({
  name: 'discovery',
  settings: discoverySettings,
  async module({ name, settings }) {
    const [{ DiscoveryModule }, { JetStreamServer, NATS }, { HostState }] = await Promise.all([
      import('./nest/discovery.module.js'),
      import('@causeway/messaging'),
      import('@causeway/service-host'),
    ]);
    return DiscoveryModule.forRoot({
      settings,
      service: name,
      version: settings.SERVICE_VERSION,
      commit: settings.SERVICE_COMMIT,
      instanceId: settings.INSTANCE_ID,
      nats: NATS,
      host: HostState,
      rpcs: JetStreamServer,
      find: typeof find === 'function' ? find(settings) : find,
    });
  },
});
