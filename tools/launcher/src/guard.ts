import type { ChildProcess } from 'node:child_process';
import { Watchdog } from './watchdog.js';

const watchdog = new Watchdog();

/**
 * Makes sure that a foreign program (kubectl, docker, apt-get) does not outlive this process, even after `kill -9`.
 * Node processes below a script of package.json stop by themselves, see `stop-with-parent.mjs`.
 * @param afterMs Programs that end sooner are not watched: starting a watchdog takes about 50 ms. Milliseconds. Default
 * 1 000.
 */
export function guard<T extends ChildProcess>(child: T, afterMs = 1_000): T {
  const timer = setTimeout(() => {
    if (child.pid !== undefined)
      watchdog.watch({ pid: child.pid, name: child.spawnfile, order: 0, signal: 'SIGTERM', graceMs: 5_000 });
  }, afterMs).unref();
  child.once('exit', () => {
    clearTimeout(timer);
    if (child.pid !== undefined) watchdog.unwatch(child.pid);
  });
  return child;
}
