import type { ChildProcess } from 'node:child_process';
import { Watchdog } from './watchdog.js';

const watchdog = new Watchdog();

/**
 * For a program of somebody else that is run to its end (kubectl, docker, apt-get): it is stopped when this process ends before it, however
 * that happens. Programs that Node runs below a script of package.json stop by themselves, see `stop-with-parent.mjs`.
 * @param afterMs What ends sooner is not watched: a watchdog process takes about 50 ms of its own. Milliseconds. Default 1 000.
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
