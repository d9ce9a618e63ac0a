import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/*
 * The watchdog: a separate process that holds a pipe from its parent. The pipe closes when the parent ends, even by
 * SIGKILL; then the watchdog stops everything that the parent started. It imports nothing of this repository, so that
 * tests can run its source through Node's type stripping.
 */

/** One line of JSON on the pipe. */
export type WatchdogLine =
  | { readonly watch: Watched }
  | { readonly unwatch: number }
  /** A folder to remove once everything is stopped. */
  | { readonly remove: string }
  | { readonly keep: string };

export interface Watched {
  readonly pid: number;
  readonly name: string;
  /** From `startedAt`: a recycled pid belongs to another program and is left alone. */
  readonly startedAt: string;
  /** Lower numbers are stopped first; equal numbers together. */
  readonly order: number;
  readonly signal: NodeJS.Signals;
  /** How long the process may take after `signal` before SIGKILL, milliseconds. */
  readonly graceMs: number;
}

/**
 * Returns the start time as the kernel knows it, which distinguishes two processes with the same pid.
 * @returns undefined when there is no such process (a zombie counts as gone).
 */
export function startedAt(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

const isStill = (watched: Watched): boolean => startedAt(watched.pid) === watched.startedAt;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function send(watched: Watched, signal: NodeJS.Signals): void {
  try {
    if (isStill(watched)) process.kill(watched.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Stops the processes, lowest `order` first, and returns when none is left. */
export async function stopAll(processes: readonly Watched[]): Promise<void> {
  for (const order of [...new Set(processes.map((watched) => watched.order))].sort((a, b) => a - b)) {
    const group = processes.filter((watched) => watched.order === order);
    for (const watched of group) send(watched, watched.signal);
    const begun = Date.now();
    while (group.some((watched) => isStill(watched) && Date.now() - begun < watched.graceMs)) await sleep(25);
    for (const watched of group) send(watched, 'SIGKILL');
  }
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const watched = new Map<number, Watched>();
  const folders = new Set<string>();
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line) as WatchdogLine;
    if ('watch' in message) watched.set(message.watch.pid, message.watch);
    else if ('unwatch' in message) watched.delete(message.unwatch);
    else if ('remove' in message) folders.add(message.remove);
    else folders.delete(message.keep);
  }
  await stopAll([...watched.values()]);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void main();
