import { consumers, streams } from '@causeway/contracts';
import { getLogger } from '@causeway/telemetry';
import { connectNats } from '../connection.js';
import type { NatsSettings } from '../settings.js';
import { provision, type Change } from './provision.js';

/**
 * The `provision` command of a service: makes the broker's streams and consumers, of all services, what `@causeway/contracts` declares.
 * Idempotent, and it does not matter which service's image runs it. Waits for NATS. Logs every change.
 * @param settings `NATS_USER` must be allowed to manage streams: `provisioner` where NATS runs with the configuration that `npm run generate` writes.
 * @throws TopologyConflict when the server holds something that can't be changed in place.
 */
export async function provisionTopology(
  settings: Pick<NatsSettings, 'NATS_URL' | 'NATS_USER' | 'NATS_PASSWORD' | 'NATS_REPLICAS'>,
): Promise<readonly Change[]> {
  const log = getLogger('provision');
  const nc = await connectNats(settings, { name: 'provisioner' });
  try {
    const changes = await provision(nc, { streams, consumers, replicas: settings.NATS_REPLICAS });
    for (const { action, kind, name, fields } of changes) {
      if (action === 'undeclared') log.warn({ kind, name }, 'on the broker, but declared nowhere; delete it by hand');
      else if (action !== 'unchanged') log.info({ kind, name, fields }, action);
    }
    log.info({ declared: streams.length + consumers.length }, 'the message topology is as declared');
    return changes;
  } finally {
    await nc.close();
  }
}
