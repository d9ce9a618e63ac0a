import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startNats as start, writeNatsConfig } from '@causeway/launcher/nats';
import { throwAwayFolder, watchdog } from './throw-away.js';

export interface TestNats {
  /** `nats://127.0.0.1:<port>`; the port stays the same over `restart`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL; what JetStream has stored stays for `restart`. */
  kill(): Promise<void>;
  /** With `empty`, as a broker that lost its disk: all streams are gone. */
  restart(options?: { empty?: boolean }): Promise<void>;
  /** Ends the server; the data stays for `restart`. */
  halt(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface TestNatsOptions {
  /**
   * Password of each account: the server has the accounts and permissions of the real system. Default: no accounts,
   * every client may do everything.
   */
  readonly accounts?: Readonly<Record<string, string>>;
}

/** Starts a `nats-server` with JetStream (about 50 ms), with its data in a temporary folder. */
export async function startNats({ accounts }: TestNatsOptions = {}): Promise<TestNats> {
  const folder = throwAwayFolder('nats');
  const store = join(folder.path, 'jetstream');
  const configFile = accounts && (await writeNatsConfig(folder.path, accounts));
  const server = await start({ folder: store, configFile, logFile: join(folder.path, 'nats.log'), watchdog });
  return {
    url: server.url,
    port: server.port,
    get pid() {
      return server.pid;
    },
    kill: async () => void (await server.kill()),
    restart: async ({ empty = false } = {}) => {
      await server.stop();
      if (empty) rmSync(store, { recursive: true, force: true });
      await server.restart();
    },
    halt: async () => void (await server.stop()),
    stop: async () => {
      await server.stop();
      folder.remove();
    },
  };
}
