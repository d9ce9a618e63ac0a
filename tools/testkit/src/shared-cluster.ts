import { natsBinary } from '@causeway/launcher/nats';
import { startPostgres } from './postgres.js';

/** Where the workers find the cluster of this run. */
export const sharedClusterUrl = 'CAUSEWAY_TEST_POSTGRES_URL';

/**
 * For Jest's global setup: one cluster for all test files, whose URL the workers inherit, and `nats-server` fetched
 * where it is missing, so that no test has to wait for a download. A watchdog ends the cluster, too, when Jest is
 * killed.
 */
export async function startShared(): Promise<void> {
  const log = (line: string): void => console.error(`[testkit] ${line}`);
  const [postgres] = await Promise.all([startPostgres(), natsBinary({ log })]);
  process.env[sharedClusterUrl] = postgres.url();
  (globalThis as { stopSharedCluster?: () => Promise<void> }).stopSharedCluster = () => postgres.stop();
}
