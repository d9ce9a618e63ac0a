import type { FieldCipher, Purge, UnitOfWork } from '@causeway/persistence';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { UserTransaction } from '../tokens.js';
import { KeyRotationPending, SigningKeyUnknown } from './signing-keys.errors.js';

const sealedColumn = 'signing_keys.private_jwk';

/** How long a key is in each of its states, milliseconds. */
export interface KeyTimes {
  /** Published before it signs: longer than any verifier keeps the keys it has fetched. */
  readonly publishMs: number;
  /** Published after it has signed: as long as what it signed may be in use. */
  readonly retireMs: number;
}

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly state: 'published' | 'signing' | 'retiring';
  readonly publishedAt: Date;
  readonly signsFrom: Date;
  /** When the next key signs; without one there is no end. */
  readonly signsUntil?: Date;
  /** When it is published no longer and its row is deleted. */
  readonly retiredAt?: Date;
}

type KeyTransaction = Pick<UserTransaction, 'sql' | 'security'>;

type PrivateJwk = JWK & { readonly kid: string };

interface Row {
  readonly kid: string;
  readonly private_jwk_sealed: string;
  readonly state: SigningKey['state'];
  readonly created_at: Date;
  readonly signs_from: Date;
  readonly signs_until: Date | null;
  readonly retired_at: Date | null;
}

/**
 * Every key with its end, $1 being the time to retire. Both ends follow from when the next key signs, and the clock of the
 * database says what is now: nothing has to happen at the right time, and all instances agree.
 */
const keysWithEnds = `
  SELECT *, signs_until + $1::bigint * interval '1 ms' AS retired_at
    FROM (SELECT *, lead(signs_from) OVER (ORDER BY signs_from, kid) AS signs_until FROM signing_keys) AS keys`;

/** What the columns can hold: rounded up, a key that signs from now on would not sign yet. */
const thisInstant = `date_trunc('milliseconds', now())`;

const retired = `kid IN (SELECT kid FROM (${keysWithEnds}) AS keys WHERE retired_at <= now())`;

/** The private keys that sign tokens, encrypted in the database and shared by all instances. */
export class PgSigningKeys {
  constructor(
    private readonly uow: UnitOfWork<KeyTransaction>,
    private readonly cipher: FieldCipher,
    private readonly times: KeyTimes,
  ) {}

  /**
   * Loads all published keys; the first one signs. The very first start creates one: of several instances that start at
   * once, one stores its key, and the others read it.
   */
  async load(): Promise<JWK[]> {
    const existing = await this.uow.single(({ sql }) => this.read(sql));
    if (existing.length > 0) return existing.map((row) => this.open(row));
    return this.change(async ({ sql }, candidate) => {
      const stored = await this.read(sql);
      if (stored.length > 0) return stored.map((row) => this.open(row));
      await this.insert(sql, candidate, 0);
      return [candidate];
    });
  }

  /** Lists all published keys; the first one signs. */
  async list(): Promise<SigningKey[]> {
    return (await this.uow.single(({ sql }) => this.read(sql))).map(shown);
  }

  /**
   * Publishes a new key, which signs once verifiers can know it.
   * @param who The operator.
   * @returns All keys from now on.
   * @throws KeyRotationPending (409)
   */
  rotate(who: string): Promise<SigningKey[]> {
    return this.change(async ({ sql, security }, candidate) => {
      const pending = (await this.read(sql)).find(({ state }) => state === 'published');
      if (pending) throw new KeyRotationPending(pending.kid, pending.signs_from);
      await this.insert(sql, candidate, this.times.publishMs);
      await security.record({ type: 'key.rotated', outcome: 'success', actor: who, subject: candidate.kid });
      return (await this.read(sql)).map(shown);
    });
  }

  /**
   * Deletes a key at once, for one that others may know: nothing it signed is accepted any longer. If it signs now, the key
   * that is published already, or else a new one, takes over without delay.
   * @param who The operator.
   * @returns All keys from now on.
   * @throws SigningKeyUnknown (404)
   */
  retire(kid: string, who: string): Promise<SigningKey[]> {
    return this.change(async ({ sql, security }, candidate) => {
      const keys = await this.read(sql);
      const gone = keys.find((key) => key.kid === kid);
      if (!gone) throw new SigningKeyUnknown();
      // Ends follow from the next key: without this one, a key that has ended already would seem to sign again.
      await sql.query(`DELETE FROM signing_keys WHERE kid = $2 OR ${retired}`, [this.times.retireMs, kid]);
      if (gone.state === 'signing') {
        const next = keys.find(({ state }) => state === 'published');
        if (next) await sql.query(`UPDATE signing_keys SET signs_from = ${thisInstant} WHERE kid = $1`, [next.kid]);
        else await this.insert(sql, candidate, 0);
      }
      const details = { state: gone.state };
      await security.record({ type: 'key.retired', outcome: 'success', actor: who, subject: kid, details });
      return (await this.read(sql)).map(shown);
    });
  }

  /** @param change One at a time, over all instances. It gets a key in case that it needs one. */
  private async change<T>(change: (tx: KeyTransaction, candidate: PrivateJwk) => Promise<T>): Promise<T> {
    // Generated before the transaction: an RSA key takes up to a second. A surplus key is simply dropped.
    const candidate = await generateKey();
    return this.uow.run(async (tx) => {
      await tx.sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('user.signing-keys', 0))`);
      return change(tx, candidate);
    });
  }

  private async insert(sql: KeyTransaction['sql'], key: PrivateJwk, signsInMs: number): Promise<void> {
    await sql.query(
      `INSERT INTO signing_keys (kid, private_jwk_sealed, created_at, signs_from)
       VALUES ($1, $2, ${thisInstant}, ${thisInstant} + $3::bigint * interval '1 ms')`,
      [key.kid, this.cipher.encrypt(JSON.stringify(key), sealedColumn, key.kid), signsInMs],
    );
  }

  private async read(sql: KeyTransaction['sql']): Promise<Row[]> {
    const { rows } = await sql.query<Row>(
      `SELECT *, CASE WHEN signs_from > now() THEN 'published'
                      WHEN signs_until <= now() THEN 'retiring'
                      ELSE 'signing' END AS state
         FROM (${keysWithEnds}) AS keys
        WHERE retired_at IS NULL OR retired_at > now()
        ORDER BY signs_from <= now() AND (signs_until IS NULL OR signs_until > now()) DESC, signs_from, kid`,
      [this.times.retireMs],
    );
    return rows;
  }

  private open({ kid, private_jwk_sealed: sealed }: Row): JWK {
    return JSON.parse(this.cipher.decrypt(sealed, sealedColumn, kid)) as JWK;
  }
}

/** Deletes keys that are published no longer, and with them what could sign. */
export const purgeSigningKeys =
  (retireMs: number): Purge =>
  async (sql) =>
    (await sql.query(`DELETE FROM signing_keys WHERE ${retired}`, [retireMs])).rowCount;

const shown = (row: Row): SigningKey => ({
  kid: row.kid,
  state: row.state,
  publishedAt: row.created_at,
  signsFrom: row.signs_from,
  ...(row.signs_until && { signsUntil: row.signs_until }),
  ...(row.retired_at && { retiredAt: row.retired_at }),
});

/** RS256: every hop verifies, and it verifies fastest by far (56,000/s; EdDSA 15,000/s), though it signs more slowly. */
async function generateKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' };
}
