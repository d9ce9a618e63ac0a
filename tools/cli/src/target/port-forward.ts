import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { guard } from '@causeway/launcher/guard';
import { CommandFailed } from '../failure.js';

export interface PortForward {
  /** Of the loopback interface; the system chose it. */
  readonly port: number;
  close(): Promise<void>;
}

const timeoutMs = 15_000;

/**
 * Opens `kubectl port-forward` and waits until it listens.
 * @param kubectl Arguments that name the cluster and the namespace.
 * @param to `pod/user-7d9`, `service/nats`
 * @throws CommandFailed with what kubectl says
 */
export async function forwardPort(kubectl: readonly string[], to: string, port: number): Promise<PortForward> {
  const args = [...kubectl, 'port-forward', '--address', '127.0.0.1', to, `:${port}`];
  // Guarded: it must not outlive this process, whatever ends it.
  const child = guard(spawn('kubectl', args, { env: process.env, stdio: ['ignore', 'pipe', 'pipe'] }), 0);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  };
  const local = await new Promise<number | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    const finish = (found?: number): void => {
      clearTimeout(timer);
      resolve(found);
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (found !== undefined) finish(Number(found));
    });
    child.once('error', (error) => {
      said += error.message;
      finish();
    });
    child.once('exit', () => finish());
  });
  if (local !== undefined) return { port: local, close };
  if (child.pid !== undefined) await close();
  throw new CommandFailed(`no port-forward to ${to}:${port}: ${said.trim() || `nothing after ${timeoutMs / 1_000} s`}`);
}
