import { fingerprint, type FieldCipher, type IdempotencyScope } from '@causeway/persistence';
import type { StoredResponse } from '@causeway/service-host';
import type { UserTransaction, UserUnitOfWork } from './tokens.js';

/** The response to a POST with an `Idempotency-Key`. */
export interface IdempotentResponse {
  readonly response: StoredResponse;
  /** True when an earlier request with the same key stored the response. */
  readonly replayed: boolean;
}

/** A response to store. */
export interface OwnedResponse extends StoredResponse {
  /** User id of whom it tells, where the scope does not say so: it goes with the person. */
  readonly owner?: string;
}

const sealedColumn = 'idempotency.body';

/**
 * Carries out a POST once per `Idempotency-Key`. Bodies here contain personal data and passwords. So the stored
 * response is encrypted, and the fingerprint of the request is keyed: a plain hash would let the holder of a stolen
 * table try passwords.
 */
export class IdempotentPosts {
  constructor(
    private readonly uow: UserUnitOfWork,
    private readonly cipher: FieldCipher,
    private readonly fingerprintKey: string,
  ) {}

  /**
   * Runs `work` and stores its response in one transaction, or returns the stored response of the first request.
   * @param work Throws to refuse the request. Nothing is stored then, and the key can be used again.
   * @throws IdempotencyKeyReused, IdempotencyKeyInFlight
   */
  once(
    scope: IdempotencyScope,
    body: unknown,
    work: (tx: UserTransaction) => Promise<OwnedResponse>,
  ): Promise<IdempotentResponse> {
    const print = fingerprint(body, this.fingerprintKey);
    const row = `${scope.subject}:${scope.route}:${scope.key}`;
    return this.uow.run(async (tx) => {
      const stored = await tx.idempotency.begin(scope, print);
      if (stored) return { response: this.open(stored, row), replayed: true };
      const { owner, ...response } = await work(tx);
      const sealed = this.cipher.encrypt(JSON.stringify(response.body), sealedColumn, row);
      await tx.idempotency.complete(scope, print, { ...response, body: { sealed, ...(owner && { owner }) } });
      return { response, replayed: false };
    });
  }

  private open(stored: StoredResponse, row: string): StoredResponse {
    const { sealed } = stored.body as { sealed: string };
    return { ...stored, body: JSON.parse(this.cipher.decrypt(sealed, sealedColumn, row)) as unknown };
  }
}
