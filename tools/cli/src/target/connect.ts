import type { ServerTrust } from '@causeway/persistence/session';
import { isCertificateRefused } from '@causeway/errors';
import { operator } from '@causeway/system';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { CommandFailed } from '../failure.js';

/** Connects as the account `operator`, encrypted where somebody vouches for the server. A command does not wait for a broker that is away: it says so. */
export async function connectAsOperator(url: string, password: string, trust?: ServerTrust): Promise<NatsConnection> {
  try {
    return await connect({
      servers: url,
      name: 'npx causeway',
      user: operator,
      pass: password,
      ...(trust && { tls: trust }),
      inboxPrefix: createInbox(`_INBOX_${operator}`),
      timeout: 3_000,
      reconnect: false,
    });
  } catch (error) {
    const mistrusted = mistrustOf(`NATS at ${url}`, 'NATS_CA', error);
    if (mistrusted) throw mistrusted;
    const refused = /authorization/i.test(String(error));
    throw new CommandFailed(
      refused ? `NATS at ${url} does not accept the account ${operator}` : `NATS at ${url} cannot be reached`,
      refused
        ? 'The broker runs with an older configuration. Restart the system; `npm run generate` writes the configuration of containers.'
        : 'Is it running? `npx causeway doctor` looks at every part.',
      { cause: error },
    );
  }
}

/** A server whose certificate was refused: it is there, and waiting or a restart would not help. */
export function mistrustOf(
  server: string,
  setting: 'NATS_CA' | 'DATABASE_CA',
  error: unknown,
): CommandFailed | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!isCertificateRefused(code)) return undefined;
  return new CommandFailed(
    `${server} cannot be trusted: ${message} (${code})`,
    `The authority that is known here (${setting}; on a laptop and in Compose the file made with the servers’ certificates) has not signed the certificate of this server, or for another host. If that was made anew, start the system again; if not, somebody may answer in place of the server.`,
    { cause: error },
  );
}
