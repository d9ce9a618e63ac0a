import { CodedError } from '@causeway/errors';
import type { Sql } from '../sql.js';
import type { StoredResponse } from '@causeway/service-host';
import { fingerprint } from './fingerprint.js';

/** What an Idempotency-Key belongs to: the caller, the route and the key itself. */
export interface IdempotencyScope {
  /** The caller: the user id, or the client id of a machine. */
  readonly subject: string;
  /** `POST /v1/orders`; with the id where the path has one. */
  readonly route: string;
  readonly key: string;
}

/** Another request with the same key is in progress. */
export class IdempotencyKeyInFlight extends CodedError {
  readonly code = 'IDEMPOTENCY_KEY_IN_FLIGHT';
  readonly remedy =
    'Wait for the response to the first request, or send this one again a little later with the same key.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor() {
    super('a request with this Idempotency-Key is being processed');
  }
}

/** The key was used for another request before. */
export class IdempotencyKeyReused extends CodedError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
  readonly remedy = 'Use a new Idempotency-Key for a new request, and repeat a request with exactly the same body.';

  constructor() {
    super('this Idempotency-Key was used with another request');
  }
}

/** The response to a POST with an `Idempotency-Key`. */
export interface OnceResponse {
  readonly response: StoredResponse;
  /** True when an earlier request with the same key stored the response. */
  readonly replayed: boolean;
}

interface Begun {
  readonly outcome: 'new' | 'in_flight' | 'reused' | 'replay';
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/**
 * Stores responses of requests with an `Idempotency-Key`, in the transaction that does the work: both are committed, or
 * neither. A plpgsql function that does the whole work calls `causeway.begin_idempotent` and
 * `causeway.complete_idempotent` itself.
 */
export class IdempotencyStore {
  constructor(private readonly sql: Sql) {}

  /**
   * Runs `work` for the first request and stores its response; returns the stored one to every other. For bodies with
   * personal data use `begin` and `complete`, with a keyed fingerprint and a sealed response.
   * @param work Throws to refuse the request: then nothing is stored, and the key can be used again.
   * @throws IdempotencyKeyInFlight, IdempotencyKeyReused
   */
  async once(scope: IdempotencyScope, body: unknown, work: () => Promise<StoredResponse>): Promise<OnceResponse> {
    const print = fingerprint(body);
    const stored = await this.begin(scope, print);
    if (stored) return { response: stored, replayed: true };
    const response = await work();
    await this.complete(scope, print, response);
    return { response, replayed: false };
  }

  /**
   * Locks the key until the transaction ends. Call it first in the transaction.
   * @returns The response to replay; undefined for the first request: do the work, then call `complete`.
   * @throws IdempotencyKeyInFlight, IdempotencyKeyReused
   */
  async begin(scope: IdempotencyScope, fingerprint: string): Promise<StoredResponse | undefined> {
    const { rows } = await this.sql.query<Begun>('SELECT * FROM causeway.begin_idempotent($1, $2, $3, $4)', [
      scope.subject,
      scope.route,
      scope.key,
      fingerprint,
    ]);
    const { outcome, status, headers, body } = rows[0]!;
    if (outcome === 'in_flight') throw new IdempotencyKeyInFlight();
    if (outcome === 'reused') throw new IdempotencyKeyReused();
    return outcome === 'replay' ? { status, headers, body } : undefined;
  }

  /**
   * Stores the response. Call it in the same transaction as `begin`.
   * @throws RangeError for a status that must not be replayed (5xx). Throw an error instead, which rolls everything
   *   back.
   */
  async complete(scope: IdempotencyScope, fingerprint: string, response: StoredResponse): Promise<void> {
    const { status, headers, body } = response;
    if (status < 200 || status > 499) throw new RangeError(`a response with status ${status} must not be stored`);
    await this.sql.query('SELECT causeway.complete_idempotent($1, $2, $3, $4, $5, $6, $7)', [
      scope.subject,
      scope.route,
      scope.key,
      fingerprint,
      status,
      JSON.stringify(headers),
      JSON.stringify(body ?? null),
    ]);
  }
}
