import type { Sql } from '@causeway/persistence';
import { SandboxError } from './errors.js';

export interface RecordedResponse {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The provider's idempotency keys, with the rules of Stripe v1: the first answer is replayed whatever it was, a 500 included; another
 * body under the same key is an error; while the first request is worked on, a second one gets 409.
 */
export class PgIdempotencyKeys {
  constructor(private readonly sql: Sql) {}

  /**
   * Takes the key, or tells what it answered. In one statement of its own, committed before the work: a slow request must be seen.
   * @param lockMs After this a request without an answer counts as dead, and the key can be taken again.
   * @throws SandboxError 422 for another body, 409 while in flight.
   */
  async begin(key: string, fingerprint: string, lockMs: number): Promise<RecordedResponse | undefined> {
    const { rows: taken } = await this.sql.query(
      `INSERT INTO idempotency_keys (key, fingerprint, locked_until) VALUES ($1, $2, now() + $3 * interval '1 millisecond')
       ON CONFLICT (key) DO UPDATE SET locked_until = excluded.locked_until
        WHERE idempotency_keys.status IS NULL AND idempotency_keys.locked_until < now()
          AND idempotency_keys.fingerprint = excluded.fingerprint
       RETURNING key`,
      [key, fingerprint, lockMs],
    );
    if (taken.length > 0) return undefined;
    const { rows } = await this.sql.query<{ fingerprint: string; status: number | null; body: unknown }>(
      'SELECT fingerprint, status, body FROM idempotency_keys WHERE key = $1',
      [key],
    );
    const before = rows[0];
    if (before && before.fingerprint !== fingerprint) {
      throw new SandboxError(422, 'idempotency', 'idempotency_key_reused', 'The key was used with another request.');
    }
    if (before && before.status !== null) return { status: before.status, body: before.body };
    throw new SandboxError(409, 'idempotency', 'idempotency_key_in_use', 'A request with this key is being processed.');
  }

  async complete(key: string, { status, body }: RecordedResponse): Promise<void> {
    await this.sql.query('UPDATE idempotency_keys SET status = $2, body = $3 WHERE key = $1', [
      key,
      status,
      JSON.stringify(body),
    ]);
  }

  /** Gives a key back whose work came to nothing. */
  async release(key: string): Promise<void> {
    await this.sql.query('DELETE FROM idempotency_keys WHERE key = $1 AND status IS NULL', [key]);
  }
}
