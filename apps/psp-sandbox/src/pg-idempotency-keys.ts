import type { Sql } from '@causeway/persistence';
import { SandboxError } from './errors.js';

export interface RecordedResponse {
  readonly status: number;
  readonly body: unknown;
}

/** A key, and the fingerprint of the request that uses it. */
export interface KeyClaim {
  readonly key: string;
  readonly fingerprint: string;
}

/**
 * The provider's idempotency keys, with the rules of Stripe v1: the first response is replayed whatever it was, a 500
 * included; another body under the same key is an error; while the first request is in progress, a second one gets 409.
 */
export class PgIdempotencyKeys {
  constructor(private readonly sql: Sql) {}

  /**
   * Claims the key for a request that takes its time, or returns its stored response. Committed before the work, so that
   * concurrent requests see the claim.
   * @param lockMs After this, a request without a response counts as dead and the key can be claimed again,
   * milliseconds.
   * @throws SandboxError 422 for another body, 409 while the first request is in progress.
   */
  async begin(claim: KeyClaim, lockMs: number): Promise<RecordedResponse | undefined> {
    const { rows: claimed } = await this.sql.query(
      `INSERT INTO idempotency_keys (key, fingerprint, locked_until) VALUES ($1, $2, now() + $3 * interval '1 millisecond')
       ON CONFLICT (key) DO UPDATE SET locked_until = excluded.locked_until
        WHERE idempotency_keys.status IS NULL AND idempotency_keys.locked_until < now()
          AND idempotency_keys.fingerprint = excluded.fingerprint
       RETURNING key`,
      [claim.key, claim.fingerprint, lockMs],
    );
    return claimed.length > 0 ? undefined : this.read(claim);
  }

  /**
   * Reads the response of a key that is taken.
   * @throws SandboxError 422 for another body, 409 while the first request is in progress.
   */
  async read({ key, fingerprint }: KeyClaim): Promise<RecordedResponse> {
    const { rows } = await this.sql.query<{ fingerprint: string; status: number | null; body: unknown }>(
      'SELECT fingerprint, status, body FROM idempotency_keys WHERE key = $1',
      [key],
    );
    const before = rows[0];
    if (before && before.fingerprint !== fingerprint) {
      throw new SandboxError(
        422,
        'idempotency',
        'idempotency_key_reused',
        'The idempotency key was used with another request.',
      );
    }
    if (before && before.status !== null) return { status: before.status, body: before.body };
    throw new SandboxError(
      409,
      'idempotency',
      'idempotency_key_in_use',
      'A request with this idempotency key is in progress.',
    );
  }

  /**
   * Stores the response of a key, which is new or was claimed with `begin`. Waits for another transaction that is doing
   * the same.
   * @returns False when the key has a response, or belongs to another request.
   */
  async complete({ key, fingerprint }: KeyClaim, { status, body }: RecordedResponse): Promise<boolean> {
    const { rowCount } = await this.sql.query(
      `INSERT INTO idempotency_keys (key, fingerprint, status, body, locked_until) VALUES ($1, $2, $3, $4, now())
       ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = excluded.body
        WHERE idempotency_keys.status IS NULL AND idempotency_keys.fingerprint = excluded.fingerprint`,
      [key, fingerprint, status, JSON.stringify(body)],
    );
    return rowCount === 1;
  }

  /** Releases a key whose request failed without a response. A key that has its response stays. */
  async release(key: string): Promise<void> {
    await this.sql.query('DELETE FROM idempotency_keys WHERE key = $1 AND status IS NULL', [key]);
  }
}
