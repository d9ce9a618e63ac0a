import {
  admitSecurityEvent,
  currentTraceId,
  logSecurityEvent,
  networkOf,
  redact,
  scrub,
  type SecurityEvent,
} from '@causeway/telemetry';
import { purgeBatch } from './purge.js';
import type { Sql, Transaction } from './sql.js';

const insertSql = `INSERT INTO causeway.security_events (type, outcome, actor, subject, client_id, network, trace_id, details)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * The security events of a service: a table to which rows can only be added, a log line and a metric (docs/decisions/0055).
 * Bound to a transaction, so that an event is stored if and only if what it tells of has happened; the line is written
 * after the commit. For what changes nothing, such as a refusal: `uow.single((tx) => tx.security.record(event))`.
 */
export class SecurityLog {
  constructor(private readonly transaction: Transaction) {}

  /** Stores an event. What looks like a secret or personal data in it is replaced, as in a log line. */
  async record(event: SecurityEvent): Promise<void> {
    const admitted = admitSecurityEvent(event);
    if (!admitted) return;
    const { type, outcome, actor, address } = admitted;
    const { subject, clientId, details } = harmless(admitted);
    const network = address === undefined ? undefined : networkOf(address);
    const values = [type, outcome, actor, subject, clientId, network, currentTraceId(), details ?? {}];
    await this.transaction.sql.query(insertSql, values);
    this.transaction.afterCommit(() => logSecurityEvent(admitted));
  }
}

/** An actor may look like an e-mail address: an operator is an account at a host. */
const harmless = ({ subject, clientId, details }: SecurityEvent): Partial<SecurityEvent> =>
  JSON.parse(scrub(JSON.stringify(redact({ subject, clientId, details })))) as Partial<SecurityEvent>;

/**
 * Deletes security events that are older than `causeway.security_event_retention()`, 400 days. The function of the
 * database does it with its owner's rights: a service's own role cannot delete.
 * @returns How many rows were deleted; call again while that is 5 000.
 */
export async function purgeSecurityEvents(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ deleted: number }>('SELECT causeway.purge_security_events($1) AS deleted', [
    purgeBatch,
  ]);
  return rows[0]?.deleted ?? 0;
}
