import { hostname, userInfo } from 'node:os';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { v7 as uuidv7 } from 'uuid';
import { CommandFailed } from './failure.js';

const stream = 'AUDIT';

/** One entry of the audit trail: something that an operator was about to change, or how it ended. */
export interface AuditEntry {
  /** Of the whole action: its beginning and its end have the same. */
  readonly id: string;
  readonly at: string;
  readonly who: string;
  /** `dlq.replay` */
  readonly action: string;
  readonly phase: 'begun' | 'done' | 'failed';
  /** Why, in the operator's words. */
  readonly reason?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The account of the operating system, which is all that a command line knows of a person: `ada@laptop`. */
export const currentUser = (): string => `${userInfo().username}@${hostname()}`;

export interface AuditedAction {
  readonly who: string;
  readonly action: string;
  readonly reason?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Runs a change between two entries of the trail. The first is stored before anything changes: what cannot be recorded
 * does not happen. An action without its second entry was interrupted.
 * @param change Gets the id of the action. Its result goes into the second entry.
 */
export async function audited<T extends Readonly<Record<string, unknown>>>(
  nc: NatsConnection,
  { who, action, reason, details }: AuditedAction,
  change: (id: string) => Promise<T>,
): Promise<T> {
  const id = uuidv7();
  const store = async (phase: AuditEntry['phase'], more: Readonly<Record<string, unknown>>): Promise<void> => {
    const entry: AuditEntry = { id, at: new Date().toISOString(), who, action, phase, reason, details: more };
    const options = { msgID: `${id}:${phase}`, retries: 3, expect: { streamName: stream } };
    await jetstream(nc).publish(`audit.${action}`, JSON.stringify(entry), options);
  };
  try {
    await store('begun', details);
  } catch (error) {
    throw new CommandFailed('the audit trail cannot be written, so nothing was changed', undefined, { cause: error });
  }
  try {
    const result = await change(id);
    await store('done', result);
    return result;
  } catch (error) {
    await store('failed', { error: String(error) }).catch(() => undefined);
    throw error;
  }
}

/** Which entries of the trail, and events of services, are asked for. */
export interface AuditFilter {
  /** `sign-in.failed`, or all that begin with `sign-in.` */
  readonly type?: string;
  /** An id: of whom or what it was done to, or who did it. */
  readonly subject?: string;
  readonly since?: Date;
  /** The latest ones, at most so many. */
  readonly limit: number;
}

/** Returns entries of the trail, oldest first. Nothing can be removed from it, so sequences have no gaps. */
export async function readAudit(nc: NatsConnection, filter: AuditFilter): Promise<AuditEntry[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { state } = await jsm.streams.info(stream);
  const entries: AuditEntry[] = [];
  for (let seq = state.last_seq; seq >= Math.max(state.first_seq, 1) && entries.length < filter.limit; seq -= 1) {
    const entry = (await jsm.streams.getMessage(stream, { seq }))?.json<AuditEntry>();
    if (!entry) continue;
    if (filter.since && new Date(entry.at) < filter.since) break;
    if (matches(entry, filter)) entries.push(entry);
  }
  return entries.reverse();
}

function matches({ action, who, details }: AuditEntry, { type, subject }: AuditFilter): boolean {
  if (type !== undefined && action !== type && !action.startsWith(`${type}.`)) return false;
  // What an action was done to has a name of its own in each.
  return subject === undefined || who === subject || JSON.stringify(details).includes(JSON.stringify(subject));
}
