import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, startChild, type Child, type Exit } from './child.js';
import { natsBinary } from './nats-binary.js';
import { claimPort } from './ports.js';
import { Restartable } from './restartable.js';
import { Watchdog } from './watchdog.js';

export { natsBinary } from './nats-binary.js';
export { writeNatsConfig } from './nats-config.js';

export interface NatsOptions {
  /** Where JetStream stores its streams. */
  readonly folder: string;
  /** See `writeNatsConfig`. Default: no accounts, anybody may do anything. */
  readonly configFile?: string;
  readonly logFile: string;
  /** A port that the caller has claimed. Default: any, claimed until this process ends. */
  readonly port?: number;
  readonly watchdog?: Watchdog;
  /** It ended by itself, or somebody else killed it. */
  readonly onLost?: (exit: Exit) => void;
  /** Path of `nats-server`. Default: found or fetched, see `natsBinary`. */
  readonly binary?: string;
  readonly log?: (line: string) => void;
  /** Ends a download of the binary. */
  readonly signal?: AbortSignal;
}

/** One running `nats-server` with JetStream, on the loopback interface only. */
export interface NatsServer {
  readonly pid: number;
  readonly port: number;
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  readonly running: boolean;
  stop(): Promise<void>;
  /** SIGKILL. What JetStream has stored survives on this machine (the page cache does); a power cut is another matter. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
}

/** Starts a server; ready in about 30 ms. The binary may have to be fetched first, once per machine. */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const binary = options.binary ?? (await natsBinary({ log: options.log, signal: options.signal }));
  const port = options.port ?? (await claimPort()).port;
  const watchdog = options.watchdog ?? new Watchdog();
  const server = await Restartable.start(() => startServer(binary, port, watchdog, options), options.onLost);
  return {
    get pid() {
      return server.pid;
    },
    port,
    url: `nats://127.0.0.1:${port}`,
    get running() {
      return server.running;
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    restart: () => server.restart(),
  };
}

async function startServer(
  binary: string,
  port: number,
  watchdog: Watchdog,
  { folder, configFile, logFile }: NatsOptions,
): Promise<Child> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const settings = configFile ? ['--config', configFile] : ['--jetstream', '--store_dir', folder];
  const child = await startChild({
    name: 'nats',
    command: binary,
    args: ['--addr', '127.0.0.1', '--port', String(port), ...settings],
    env: { PATH: process.env['PATH'] },
    logFile,
    graceMs: 10_000,
    order: 20,
    watchdog,
  });
  const limitAt = Date.now() + 30_000;
  while (child.running && Date.now() < limitAt) {
    if (await greets(port)) return child;
    await sleep(5);
  }
  await child.kill();
  throw new Error(`nats-server did not start on port ${port}:\n${lastLines(logFile)}`);
}

/** The server sends INFO to everybody who connects, as soon as it takes clients. Its log says so, too, but may be on a full disk. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (data) => answer(data.toString().startsWith('INFO')));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
    socket.setTimeout(1_000, () => answer(false));
  });
}
