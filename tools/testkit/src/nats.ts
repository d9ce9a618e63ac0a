import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNats as start, writeNatsConfig } from '@causeway/launcher/nats';
import { throwAwayFolder, watchdog } from './throw-away.js';

export interface TestNats {
  /** `nats://127.0.0.1:<port>`; the port stays the same over `restart`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What the server writes, such as what an account was not allowed to do. */
  readonly logFile: string;
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
  /** A configuration of its own instead. @param storeDir Where JetStream has to store its streams. */
  readonly config?: (storeDir: string) => string;
  /** With it the server takes encrypted connections only. Default: no TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** Starts a `nats-server` with JetStream (about 50 ms), with its data in a temporary folder. */
export async function startNats({ accounts, config, tls }: TestNatsOptions = {}): Promise<TestNats> {
  const folder = throwAwayFolder('nats');
  const store = join(folder.path, 'jetstream');
  const configFile = config
    ? writeConfig(folder.path, config(folder.path))
    : accounts && (await writeNatsConfig(folder.path, accounts));
  const logFile = join(folder.path, 'nats.log');
  const server = await start({ folder: store, configFile, tls, logFile, watchdog });
  return {
    url: server.url,
    port: server.port,
    logFile,
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

function writeConfig(folder: string, text: string): string {
  const file = join(folder, 'nats.conf');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
