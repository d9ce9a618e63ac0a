import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ManagedProcess } from './managed-process.js';
import { flagsOfServices, nodeForServices, repository } from './places.js';
import type { sideWrites } from './side-writes.js';
import type { Watchdog } from './watchdog.js';

/**
 * Fills an empty compile cache before the services start, in one process: about 2 400 files. Each service would
 * otherwise compile all that it imports, and write it by itself when it stops. Nothing is done where it was filled before
 * for these dependencies and flags: V8 keeps code by its version and flags.
 */
export async function warmCompileCache(
  folder: string,
  logFile: string,
  watchdog: Watchdog,
  sideWrite: ReturnType<typeof sideWrites>,
  root = repository,
): Promise<void> {
  const stamp = join(folder, 'warmed');
  const { size, mtimeMs } = statSync(join(root, 'package-lock.json'));
  const key = [process.version, ...flagsOfServices, size, mtimeMs].join(' ');
  if (read(stamp) === key) return;
  const script = import.meta.url.endsWith('.ts') ? './compile-cache-process.ts' : './compile-cache-process.js';
  const warming = new ManagedProcess({
    name: 'compile cache',
    command: nodeForServices(),
    args: [...flagsOfServices, '--no-warnings', fileURLToPath(new URL(script, import.meta.url)), root],
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: folder },
    logFile,
    order: 0,
    watchdog,
  });
  await warming.start();
  const exit = await warming.wait();
  // Without the cache the services only start slower.
  if (exit?.code === 0)
    sideWrite(stamp, 'the next start fills the compile cache again', () => writeFileSync(stamp, key));
}

function read(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
