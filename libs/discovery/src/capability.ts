import type { Capability } from '@causeway/service-host';
import { discoverySettings } from './settings.js';

export interface DiscoveryOptions {
  /** The services that this one calls over HTTP. Default none: it is only found. */
  readonly find?: readonly string[];
}

/** Announces the instance and finds those of other services. `DISCOVERY_MODE=nats` needs `messaging()`, too. */
export const discovery = ({ find }: DiscoveryOptions = {}): Capability<typeof discoverySettings> => ({
  name: 'discovery',
  settings: discoverySettings,
  async module({ name, settings }) {
    const [{ DiscoveryModule }, { NATS }, { HostState }] = await Promise.all([
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
      find,
    });
  },
});
