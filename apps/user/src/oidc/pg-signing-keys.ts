import type { FieldCipher, Transaction, UnitOfWork } from '@causeway/persistence';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

const sealedColumn = 'signing_keys.private_jwk';

interface Row {
  kid: string;
  private_jwk_sealed: string;
}

/** The private keys that sign tokens, encrypted in the database and shared by all instances. */
export class PgSigningKeys {
  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly cipher: FieldCipher,
  ) {}

  /**
   * Loads all keys, newest first. The very first start creates one: of several instances that start at once, an advisory lock
   * lets one store its key, and the others read it.
   */
  async load(): Promise<JWK[]> {
    const existing = await this.uow.single(({ sql }) => this.read(sql));
    if (existing.length > 0) return existing;
    // Generated before the transaction: an RSA key takes up to a second. A surplus key is simply dropped.
    const candidate = await generateKey();
    return this.uow.run(async ({ sql }) => {
      await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('user.signing-keys', 0))`);
      const stored = await this.read(sql);
      if (stored.length > 0) return stored;
      await sql.query('INSERT INTO signing_keys (kid, private_jwk_sealed, created_at) VALUES ($1, $2, now())', [
        candidate.kid,
        this.cipher.encrypt(JSON.stringify(candidate), sealedColumn, candidate.kid),
      ]);
      return [candidate];
    });
  }

  private async read(sql: Transaction['sql']): Promise<JWK[]> {
    const { rows } = await sql.query<Row>(
      'SELECT kid, private_jwk_sealed FROM signing_keys ORDER BY created_at DESC, kid',
    );
    return rows.map((row) => JSON.parse(this.cipher.decrypt(row.private_jwk_sealed, sealedColumn, row.kid)) as JWK);
  }
}

/** RS256: every hop verifies, and it verifies fastest by far (56,000/s; EdDSA 15,000/s), though it signs more slowly. */
async function generateKey(): Promise<JWK & { kid: string }> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' };
}
