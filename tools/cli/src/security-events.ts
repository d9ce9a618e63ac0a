import type { AuditFilter } from './audit.js';
import { readDatabase, type DatabaseAddress } from './target/read-database.js';

/** A row of `causeway.security_events`. */
export interface StoredSecurityEvent {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly outcome: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly clientId?: string;
  readonly network?: string;
  readonly traceId?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Nulls are left out, as an event has them. */
const select = `
SELECT jsonb_strip_nulls(jsonb_build_object(
    'id', id, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'type', type, 'outcome', outcome,
    'actor', actor, 'subject', subject, 'clientId', client_id, 'network', network, 'traceId', trace_id,
    'details', details)) AS event
FROM causeway.security_events
WHERE ($1::text IS NULL OR type = $1 OR starts_with(type, $1 || '.'))
  AND ($2::text IS NULL OR subject = $2 OR actor = $2)
  AND ($3::timestamptz IS NULL OR at >= $3)
ORDER BY security_events.at DESC, id DESC LIMIT $4`;

/** Reads events of one service, oldest first. A database that keeps none, such as that of an external system, has none. */
export function readSecurityEvents(
  database: DatabaseAddress,
  { type, subject, since, limit }: AuditFilter,
): Promise<StoredSecurityEvent[]> {
  return readDatabase(database, async (query) => {
    const [table] = await query<{ exists: boolean }>(
      "SELECT to_regclass('causeway.security_events') IS NOT NULL AS exists",
    );
    if (!table?.exists) return [];
    const rows = await query<{ event: StoredSecurityEvent }>(select, [type, subject, since, limit]);
    return rows.map(({ event }) => event).reverse();
  });
}
