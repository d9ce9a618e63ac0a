import { consumers, streams } from '@causeway/contracts';
import { getLogger } from '@causeway/telemetry';
import { connectNats } from '../connection.js';
import type { NatsSettings } from '../settings.js';
import type { FieldChange } from './declared.js';
import { provision, type Change } from './provision.js';

/**
 * The `provision` command of a service: makes the broker's streams and consumers, for all services, match
 * `@causeway/contracts`. Idempotent; any service's image may run it. Waits for NATS. Logs every change.
 * @param settings `NATS_USER` must be allowed to manage streams: `provisioner`, with the configuration that
 *   `npm run generate` writes.
 * @throws TopologyConflict when the server holds something that it cannot change in place.
 */
export async function provisionTopology(
  settings: Pick<NatsSettings, 'NATS_URL' | 'NATS_USER' | 'NATS_PASSWORD' | 'NATS_CA' | 'NATS_REPLICAS'>,
): Promise<readonly Change[]> {
  const log = getLogger('provision');
  const nc = await connectNats(settings, { name: 'provisioner' });
  try {
    const changes = await provision(nc, { streams, consumers, replicas: settings.NATS_REPLICAS });
    for (const { action, kind, name, fields } of changes) {
      if (action === 'undeclared')
        log.warn({ kind, name }, 'the broker has it, but no service declares it; delete it by hand');
      else if (action !== 'unchanged') log.info({ kind, name, changes: fields.map(inWords) }, action);
    }
    log.info({ declared: streams.length + consumers.length }, 'the broker matches the declared topology');
    return changes;
  } finally {
    await nc.close();
  }
}

const inWords = ({ field, actual, declared }: FieldChange): string =>
  `${field}: ${JSON.stringify(actual)} → ${JSON.stringify(declared)}`;
