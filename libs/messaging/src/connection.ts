import { CodedError, isCertificateRefused } from '@causeway/errors';
import { untilReady } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import type { NatsSettings } from './settings.js';

const log = getLogger('messaging');
const connectTimeoutMs = 2_000;

export interface ConnectOptions {
  /** Name of the service. The server lists connections by it, and the private inbox prefix contains it. */
  readonly name: string;
  /** Ends the wait for the first connection. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to NATS. Waits for the first connection as long as it takes, with a log line every 5 s, and always
 * reconnects afterwards. The connection has an inbox prefix to itself: with the default, `_INBOX.>`, every service
 * could read the replies to the others.
 */
export async function connectNats(
  settings: Pick<NatsSettings, 'NATS_URL' | 'NATS_USER' | 'NATS_PASSWORD' | 'NATS_CA'>,
  { name, signal }: ConnectOptions,
): Promise<NatsConnection> {
  const attempt = (): Promise<NatsConnection> =>
    connect({
      servers: [...settings.NATS_URL],
      name,
      ...(settings.NATS_USER !== undefined && { user: settings.NATS_USER, pass: settings.NATS_PASSWORD ?? '' }),
      // A server without TLS is refused then: nobody in between can talk us out of it.
      ...(settings.NATS_CA !== undefined && { tls: { ca: settings.NATS_CA } }),
      timeout: connectTimeoutMs,
      inboxPrefix: createInbox(`_INBOX_${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      pingInterval: 10_000,
      ignoreAuthErrorAbort: true,
      // A stack trace for every request costs 40 % of the RPC throughput.
      noAsyncTraces: true,
    });
  const remind = (reason: string): void =>
    log.warn({ reason }, 'waiting for NATS (NATS_URL); the service starts as soon as it responds');
  const nc = await untilReady(attempt, { reasonOf, remind, signal });
  watch(nc);
  log.info({ server: nc.getServer() }, 'connected to NATS');
  return nc;
}

/** @throws BrokerUntrusted, which waiting will not change. */
function reasonOf(error: unknown): string {
  const { code, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  if (isCertificateRefused(code)) throw new BrokerUntrusted(`${message} (${code})`, { cause: error });
  if (/'tls'/.test(message)) throw new BrokerUntrusted('the server offers no TLS', { cause: error });
  return message;
}

/** The server is not the one that it should be, or offers no TLS although we insist on it. */
export class BrokerUntrusted extends CodedError {
  readonly code = 'BROKER_UNTRUSTED';
  readonly remedy =
    'Let NATS_CA_FILE name the certificate of the authority that signed the server’s, and NATS_URL a host that is in that certificate. Without TLS on the server, leave NATS_CA_FILE away.';

  constructor(reason: string, options?: ErrorOptions) {
    super(`the connection to NATS cannot be trusted: ${reason}`, options);
  }
}

function watch(nc: NatsConnection): void {
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') log.warn('connection to NATS lost; reconnecting');
      else if (status.type === 'reconnect') log.info({ server: nc.getServer() }, 'reconnected to NATS');
      else if (status.type === 'error') log.error({ err: status.error }, 'NATS reported an error');
      else if (status.type === 'slowConsumer')
        log.warn('NATS reports a slow consumer: this process reads too slowly, and core NATS messages may be dropped');
    }
  })();
}
