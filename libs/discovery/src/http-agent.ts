import { callerKeepAlive } from '@causeway/contracts/keep-alive';
import type { Agent } from 'undici';

export interface HttpAgentOptions {
  /** The age at which a connection is closed, milliseconds. Default 30 000. */
  readonly clientTtlMs?: number;
  /** How long a connection may be idle, milliseconds. Default 4 000, less than any server of ours keeps it. */
  readonly idleMs?: number;
  /** Connections per instance. Default 256. */
  readonly connections?: number;
  /** Milliseconds. Default 1 000. */
  readonly connectTimeoutMs?: number;
}

/**
 * The connections of this process to all services; a streaming proxy and {@link ServiceClient} share them. Their age is
 * bounded: with plain keep-alive, instances added later got 0 % of the traffic (measured; with a bound 44–54 %).
 *
 * It does not limit the time of a response: deadlines do that, and a stream of events has none.
 *
 * undici (109 files) is imported here, so that a service that calls no other does not load it.
 */
export async function createHttpAgent({
  clientTtlMs = 30_000,
  idleMs = callerKeepAlive.keepAliveTimeout,
  connections = 256,
  connectTimeoutMs = 1_000,
}: HttpAgentOptions = {}): Promise<Agent> {
  const { Agent } = await import('undici');
  return new Agent({
    clientTtl: clientTtlMs,
    connections,
    connect: { timeout: connectTimeoutMs },
    ...callerKeepAlive,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
