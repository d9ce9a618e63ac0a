import { spawn } from 'node:child_process';
import { guard } from '@causeway/launcher/guard';
import type { Command } from '@causeway/launcher/run';

export interface ChildOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Stops the program, and everything that it started. */
  readonly signal: AbortSignal;
}

export interface ChildResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An update was told to stop. */
export class Stopped extends Error {
  constructor() {
    super('stopped');
  }
}

const running = new Set<number>();

/** For the moment in which this process ends: nothing may write to the repository after that. @returns how many */
export function killChildren(): number {
  const killed = running.size;
  for (const pid of running)
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  running.clear();
  return killed;
}

/**
 * Runs a program in a process group of its own: Ctrl-C in a terminal reaches this process alone, which lets Git finish
 * what it is writing.
 * @throws Stopped once the program has ended, when the signal was aborted before that
 */
export function runChild([program, ...args]: Command, { cwd, env, input, signal }: ChildOptions): Promise<ChildResult> {
  if (signal.aborted) return Promise.reject(new Stopped());
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    guard(child);
    const stop = (): void => void (pid !== undefined && process.kill(-pid, 'SIGTERM'));
    signal.addEventListener('abort', stop, { once: true });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = (): void => {
      signal.removeEventListener('abort', stop);
      if (pid !== undefined) running.delete(pid);
    };
    child.once('error', (error) => {
      ended();
      reject(error);
    });
    child.once('close', (code) => {
      ended();
      if (signal.aborted) reject(new Stopped());
      else resolve({ code: code ?? 1, stdout, stderr });
    });
    // A program that ends early closes its input; its exit code says why.
    child.stdin.on('error', () => undefined).end(input);
  });
}
