import { fingerprint, type FieldCipher, type IdempotencyScope, type StoredResponse } from '@causeway/persistence';
import type { UserTransaction, UserUnitOfWork } from './tokens.js';

export interface IdempotentResponse {
  readonly response: StoredResponse;
  /** True when the response was stored by an earlier request with the same key. */
  readonly replayed: boolean;
}

const sealedColumn = 'idempotency.body';

/**
 * POSTs that happen once per `Idempotency-Key`. What is special here: bodies hold personal data and a password, so the stored answer is
 * encrypted, and the fingerprint of the request is keyed (a plain hash of it would let a stolen table be searched for passwords).
 */
export class IdempotentPosts {
  constructor(
    private readonly uow: UserUnitOfWork,
    private readonly cipher: FieldCipher,
    private readonly fingerprintKey: string,
  ) {}

  /**
   * Does the work and stores its answer in one transaction, or gives the answer of the first time.
   * @param work Throws to refuse: nothing is stored then, and the same key may be used again.
   * @throws IdempotencyKeyReused, IdempotencyKeyInFlight
   */
  once(
    scope: IdempotencyScope,
    body: unknown,
    work: (tx: UserTransaction) => Promise<StoredResponse>,
  ): Promise<IdempotentResponse> {
    const print = fingerprint(body, this.fingerprintKey);
    const row = `${scope.subject}:${scope.route}:${scope.key}`;
    return this.uow.run(async (tx) => {
      const stored = await tx.idempotency.begin(scope, print);
      if (stored) return { response: this.open(stored, row), replayed: true };
      const response = await work(tx);
      const sealed = { sealed: this.cipher.encrypt(JSON.stringify(response.body), sealedColumn, row) };
      await tx.idempotency.complete(scope, print, { ...response, body: sealed });
      return { response, replayed: false };
    });
  }

  private open(stored: StoredResponse, row: string): StoredResponse {
    const { sealed } = stored.body as { sealed: string };
    return { ...stored, body: JSON.parse(this.cipher.decrypt(sealed, sealedColumn, row)) as unknown };
  }
}
