import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startedAt, type Watched, type WatchdogLine } from './watchdog-process.js';

/**
 * Makes sure that no child outlives this process, even after `kill -9`. The watchdog process (about 40 MB) runs only
 * while there is something to watch, and is restarted if it is killed.
 */
export class Watchdog {
  private process: ChildProcess | undefined;
  private readonly entries = new Map<number, Watched>();
  private readonly folders = new Set<string>();

  /** Stops this process when the parent is gone. No effect for a process that has ended already. */
  watch(child: Omit<Watched, 'startedAt'>): void {
    const started = startedAt(child.pid);
    if (started === undefined) return;
    const watched = { ...child, startedAt: started };
    this.entries.set(child.pid, watched);
    this.send({ watch: watched });
  }

  unwatch(pid: number): void {
    if (this.entries.delete(pid)) this.send({ unwatch: pid });
    this.endWhenIdle();
  }

  /** Removes a folder of temporary data if the parent dies before it does so. */
  removeLater(folder: string): void {
    this.folders.add(folder);
    this.send({ remove: folder });
  }

  keep(folder: string): void {
    if (this.folders.delete(folder)) this.send({ keep: folder });
    this.endWhenIdle();
  }

  /** What would be stopped if this process ended now. */
  get watched(): readonly Watched[] {
    return [...this.entries.values()];
  }

  /** Pid of the watchdog process, for tests. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  private send(line: WatchdogLine): void {
    this.process ??= this.start();
    this.process.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  private start(): ChildProcess {
    const script = import.meta.url.endsWith('.ts') ? './watchdog-process.ts' : './watchdog-process.js';
    const child = spawn(process.execPath, ['--no-warnings', fileURLToPath(new URL(script, import.meta.url))], {
      // In its own session, so that Ctrl-C in the terminal does not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] },
      cwd: '/',
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', () => undefined);
    child.on('exit', () => this.onExit(child));
    child.unref();
    (child.stdin as unknown as { unref?: () => void }).unref?.();
    return child;
  }

  private onExit(child: ChildProcess): void {
    if (this.process !== child) return;
    this.process = undefined;
    for (const watched of this.entries.values()) this.send({ watch: watched });
    for (const folder of this.folders) this.send({ remove: folder });
  }

  private endWhenIdle(): void {
    if (this.entries.size > 0 || this.folders.size > 0) return;
    const child = this.process;
    this.process = undefined;
    child?.stdin?.end();
  }
}
