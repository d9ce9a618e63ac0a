import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Watchdog } from '@causeway/launcher/postgres';

/** Shared by all servers of a test file. It runs only while there is something to watch. */
export const watchdog = new Watchdog();

/** A temporary folder that is removed with `remove`, or by the watchdog when the process is killed before. */
export function throwAwayFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `causeway-${name}-`));
  // As root, the account that runs PostgreSQL must be able to pass through; the contents have their own modes.
  chmodSync(path, 0o711);
  return onceRemoved(path);
}

/** The same for a folder that exists. */
export function onceRemoved(path: string): { readonly path: string; remove(): void } {
  watchdog.removeLater(path);
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      watchdog.keep(path);
    },
  };
}
