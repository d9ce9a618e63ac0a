import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { ManagedProcess, type ProcessOptions } from './managed-process.js';
import { natsBinary } from './nats-binary.js';
import { claimPort } from './ports.js';
import { Watchdog } from './watchdog.js';

export { natsBinary } from './nats-binary.js';
export { writeNatsConfig } from './nats-config.js';

export interface NatsOptions {
  /** Where JetStream stores its streams. */
  readonly folder: string;
  /** See `writeNatsConfig`. Default: no accounts, every client may do everything. */
  readonly configFile?: string;
  /** With these every connection is encrypted, and others are refused. Default: no TLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly logFile: string;
  /** A port that the caller has claimed. Default: any, claimed until this process ends. */
  readonly port?: number;
  readonly watchdog?: Watchdog;
  readonly onLost?: ProcessOptions['onLost'];
  readonly onChange?: ProcessOptions['onChange'];
  /** Path of `nats-server`. Default: found or fetched, see `natsBinary`. */
  readonly binary?: string;
  readonly log?: (line: string) => void;
  /** Ends a download of the binary. */
  readonly signal?: AbortSignal;
}

/**
 * One `nats-server` with JetStream, on the loopback interface only. JetStream's data survives a kill, but not a power
 * cut.
 */
export interface NatsServer extends ManagedProcess {
  readonly port: number;
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
}

/** Starts a server; ready in about 30 ms. The binary may have to be fetched first, once per machine. */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { folder, configFile, logFile, onLost, onChange, watchdog = new Watchdog() } = options;
  const command = options.binary ?? (await natsBinary({ log: options.log, signal: options.signal }));
  const port = options.port ?? (await claimPort()).port;
  const { tls } = options;
  const encrypted = tls ? ['--tls', '--tlscert', tls.certFile, '--tlskey', tls.keyFile] : [];
  const settings = configFile ? ['--config', configFile] : ['--jetstream', '--store_dir', folder];
  const server = new ManagedProcess({
    name: 'NATS',
    command,
    args: ['--addr', '127.0.0.1', '--port', String(port), ...encrypted, ...settings],
    env: { PATH: process.env['PATH'] },
    logFile,
    order: 20,
    watchdog,
    prepare: async () => void mkdirSync(folder, { recursive: true, mode: 0o700 }),
    isReady: () => greets(port),
    readyWithinMs: 30_000,
    onLost,
    onChange,
  });
  await server.start();
  return Object.assign(server, { port, url: `nats://127.0.0.1:${port}` });
}

/** Whether a NATS server answers: it sends INFO to every client, as soon as it takes clients. (Its log may be on a full disk, and Docker accepts
 * connections to a published port on behalf of a container that does not listen yet.) */
export function greets(port: number): Promise<boolean> {
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
