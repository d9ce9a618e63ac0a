import type { FieldCipher } from '@causeway/persistence';
import { createHash } from 'node:crypto';
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { PrismaClient } from '../generated/prisma/client.js';

const sealedColumn = 'oidc_artifacts.payload';
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('base64url');

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
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = this.key(id);
    const sessionUid = this.model === 'Session' ? payload.uid : payload.sessionUid;
    const data = {
      grantHash: payload.grantId ? hashOf(payload.grantId) : null,
      uidHash: payload.uid ? hashOf(payload.uid) : null,
      // A grant does not name its session: `Sessions.record` links them, and an update must not undo that.
      ...(sessionUid && { sessionHash: hashOf(sessionUid) }),
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
   * instant, oidc-provider's own check lets both pass. The second one revokes the whole grant, like any other reuse
   * (RFC 9700, 4.14.2).
   */
  async consume(id: string): Promise<void> {
    const key = this.key(id);
    const { count } = await this.prisma.oidcArtifact.updateMany({
      where: { ...key, consumedAt: null },
      data: { consumedAt: new Date() },
    });
    if (count === 1) return;
    const row = await this.prisma.oidcArtifact.findUnique({
      where: { model_idHash: key },
      select: { grantHash: true },
    });
    if (row?.grantHash) await this.revokeFamily(row.grantHash);
    throw new errors.InvalidGrant(`${this.model} has already been used`);
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

  private open(row: { idHash: string; payloadSealed: string; consumedAt: Date | null; expiresAt: Date | null } | null) {
    if (!row || (row.expiresAt && row.expiresAt.getTime() <= Date.now())) return undefined;
    const payload = JSON.parse(
      this.cipher.decrypt(row.payloadSealed, sealedColumn, `${this.model}:${row.idHash}`),
    ) as AdapterPayload;
    return row.consumedAt ? { ...payload, consumed: Math.floor(row.consumedAt.getTime() / 1000) } : payload;
  }
}
