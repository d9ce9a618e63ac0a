import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ManagedProcess } from './managed-process.js';
import { nodeForServices, repository } from './places.js';
import type { sideWrites } from './side-writes.js';
import type { Watchdog } from './watchdog.js';

/**
 * Fills an empty compile cache before the services start, in one process: about 1 400 files. Each service would
 * otherwise write them all by itself a second after it is ready, and five of them doing so at once were seen to stand
 * still for 2–17 s. Nothing is done where it was filled before for these dependencies.
 */
export async function warmCompileCache(
  folder: string,
  logFile: string,
  watchdog: Watchdog,
  sideWrite: ReturnType<typeof sideWrites>,
): Promise<void> {
  const stamp = join(folder, 'warmed');
  const { size, mtimeMs } = statSync(join(repository, 'package-lock.json'));
  const key = `${process.version} ${size} ${mtimeMs}`;
  if (read(stamp) === key) return;
  const script = import.meta.url.endsWith('.ts') ? './compile-cache-process.ts' : './compile-cache-process.js';
  const warming = new ManagedProcess({
    name: 'compile cache',
    command: nodeForServices(),
    args: ['--no-warnings', fileURLToPath(new URL(script, import.meta.url)), repository],
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
