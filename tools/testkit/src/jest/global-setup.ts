import { loadFromSource } from '@causeway/launcher/from-source';

/**
 * Jest loads this file with Node's own loader, not with its module system: without the hook our imports would point at
 * nothing.
 */
export default async function globalSetup(): Promise<void> {
  const undo = loadFromSource();
  const { startShared } = await import('../shared-cluster.js');
  undo();
  await startShared();
}
