import type { FieldCipher } from '@causeway/persistence';
import { createHash } from 'node:crypto';
import { errors, Provider, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { PrismaClient } from '../generated/prisma/client.js';

const sealedColumn = 'oidc_artifacts.payload';
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('base64url');

/** Somebody presented a code or refresh token that had been used. */
export interface TokenReuse {
  readonly accountId: string | undefined;
  readonly clientId: string | undefined;
}

export interface ReuseRules {
  /** How long a refresh token may be used again after its first use, milliseconds; 0 for never. */
  readonly windowMs: number;
  /** Told after everything that was issued with the token has been revoked. */
  readonly detected: (reuse: TokenReuse) => Promise<void>;
}

/** By the clock of the database, which the window of `reusedSql` is measured with. */
const consumeSql =
  'UPDATE oidc_artifacts SET consumed_at = now() WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL';

/**
 * Whether the use of token $1 is one too many: its generation (all that were issued for the same parent) was first used
 * longer ago than $2 ms, or the generation after it has been used already. The first use of the token itself does not count.
 */
const reusedSql = `
  SELECT EXISTS (
    SELECT 1 FROM oidc_artifacts t
      JOIN oidc_artifacts g ON g.model = t.model AND (g.id_hash = t.id_hash OR g.parent_hash = t.parent_hash)
     WHERE t.model = 'RefreshToken' AND t.id_hash = $1
       AND ((g.consumed_at <= now() - $2::bigint * interval '1 ms' AND NOT ($3 AND g.id_hash = t.id_hash))
            OR EXISTS (SELECT 1 FROM oidc_artifacts c
                        WHERE c.model = t.model AND c.parent_hash = g.id_hash AND c.consumed_at IS NOT NULL))) AS reused`;

/**
 * Stores one kind of oidc-provider's artifacts in PostgreSQL, so that every instance sees every session, code and
 * refresh token.
 *
 * An artifact's id is a bearer credential (a cookie, a code, a refresh token), so the table holds only its hash. The
 * payload repeats the id, so it is encrypted. A stolen copy of the table cannot be used to sign in.
 */
export class PrismaOidcAdapter implements Adapter {
  constructor(
    private readonly model: string,
    private readonly prisma: PrismaClient,
    private readonly cipher: FieldCipher,
    private readonly reuse: ReuseRules,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = this.key(id);
    const sessionUid = this.model === 'Session' ? payload.uid : payload.sessionUid;
    const data = {
      grantHash: payload.grantId ? hashOf(payload.grantId) : null,
      uidHash: payload.uid ? hashOf(payload.uid) : null,
      // A grant does not name its session: `Sessions.record` links them, and an update must not undo that.
      ...(sessionUid && { sessionHash: hashOf(sessionUid) }),
      // The token that this one is issued for is not in its payload, only in the request's context.
      ...(this.model === 'RefreshToken' && { parentHash: parentHash() }),
      endsWithSession: this.model !== 'RefreshToken' || payload.expiresWithSession === true,
      payloadSealed: this.cipher.encrypt(JSON.stringify(payload), sealedColumn, `${key.model}:${key.idHash}`),
      expiresAt: expiresIn ? new Date(Date.now() + expiresIn * 1000) : null,
    };
    await this.prisma.oidcArtifact.upsert({ where: { model_idHash: key }, create: { ...key, ...data }, update: data });
    if (this.model === 'RefreshToken' && data.sessionHash)
      await this.prisma.session.updateMany({ where: { uidHash: data.sessionHash }, data: { lastUsedAt: new Date() } });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.open(await this.prisma.oidcArtifact.findUnique({ where: { model_idHash: this.key(id) } }));
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.open(await this.prisma.oidcArtifact.findFirst({ where: { model: this.model, uidHash: hashOf(uid) } }));
  }

  /** Part of the device flow, which is disabled. */
  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /**
   * Marks a code or refresh token as used. The database decides: if two requests present the same one at the same
   * instant, oidc-provider's own check would let both pass. A use too many revokes the whole grant (RFC 9700, 4.14.2).
   */
  async consume(id: string): Promise<void> {
    const key = this.key(id);
    const isFirst = (await this.prisma.$executeRawUnsafe(consumeSql, key.model, key.idHash)) === 1;
    if (this.model === 'RefreshToken' ? !(await this.isReused(key.idHash, isFirst)) : isFirst) return;
    const row = await this.prisma.oidcArtifact.findUnique({ where: { model_idHash: key } });
    if (row?.grantHash) await this.revokeFamily(row.grantHash);
    const payload = this.open(row);
    if (payload) await this.reuse.detected({ accountId: payload.accountId, clientId: payload.clientId });
    throw new errors.InvalidGrant(`${this.model} has already been used`);
  }

  private async isReused(idHash: string, isFirst: boolean): Promise<boolean> {
    const { windowMs } = this.reuse;
    if (windowMs === 0) return !isFirst;
    const rows = await this.prisma.$queryRawUnsafe<{ reused: boolean }[]>(reusedSql, idHash, windowMs, isFirst);
    return rows[0]?.reused ?? true;
  }

  async destroy(id: string): Promise<void> {
    await this.prisma.oidcArtifact.deleteMany({ where: this.key(id) });
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.prisma.oidcArtifact.deleteMany({ where: { model: this.model, grantHash: hashOf(grantId) } });
  }

  /** Deletes everything issued under a grant, and the grant itself, whose id has the same hash. */
  private async revokeFamily(grantHash: string): Promise<void> {
    await this.prisma.oidcArtifact.deleteMany({
      where: { OR: [{ grantHash }, { model: 'Grant', idHash: grantHash }] },
    });
  }

  private key(id: string): { model: string; idHash: string } {
    return { model: this.model, idHash: hashOf(id) };
  }

  private open(row: { idHash: string; payloadSealed: string; expiresAt: Date | null } | null) {
    if (!row || (row.expiresAt && row.expiresAt.getTime() <= Date.now())) return undefined;
    // It never says `consumed`: `consume` alone decides what a use too many is.
    return JSON.parse(
      this.cipher.decrypt(row.payloadSealed, sealedColumn, `${this.model}:${row.idHash}`),
    ) as AdapterPayload;
  }
}

const parentHash = (): string | null => {
  const parent = Provider.ctx?.oidc.entities.RotatedRefreshToken?.jti;
  return parent === undefined ? null : hashOf(parent);
};
