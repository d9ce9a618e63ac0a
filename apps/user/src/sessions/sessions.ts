import type { SessionView } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { FieldCipher, type Sql } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { hashOf } from '../oidc/prisma-oidc-adapter.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { signInMaxAgeSeconds } from '../users/user.errors.js';
import { browserName } from './browser-name.js';

const sealedColumn = 'sessions.browser';
/** Longest `User-Agent` kept, characters. */
const longestUserAgent = 512;
/** Most sessions listed, the last used first. */
const listed = 100;

export interface SessionUse {
  readonly userId: string;
  /** `uid` of oidc-provider's session. */
  readonly uid: string;
  readonly grantId: string;
  readonly userAgent: string;
  /** `sessionsEpoch` of the user when the password was checked; undefined in a session that exists already. */
  readonly epoch: number | undefined;
}

/** The browsers in which people are signed in: what they see of it, and how it ends. */
@Injectable()
export class Sessions {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly cipher: FieldCipher,
  ) {}

  /**
   * Records that a session is used to issue tokens, and links the grant to it, which must have been stored before.
   * The lock on the row decides against an end at the same instant: the end finds the grant, or this finds the end.
   * @returns False if the session was ended; it must not issue anything then.
   */
  record(use: SessionUse): Promise<boolean> {
    return this.uow.run(async ({ sql }) => {
      const uidHash = hashOf(use.uid);
      const alive = use.epoch === undefined ? await this.touch(sql, uidHash) : await this.begin(sql, uidHash, use);
      if (!alive) return false;
      await sql.query(`UPDATE oidc_artifacts SET session_hash = $1 WHERE model = 'Grant' AND id_hash = $2`, [
        uidHash,
        hashOf(use.grantId),
      ]);
      return true;
    });
  }

  /** @param current `sid` of the caller's access token. */
  async list(userId: string, current: string | undefined): Promise<SessionView[]> {
    const { rows } = await this.uow.single(({ sql }) => sql.query<Row>(listSql, [userId]));
    return rows.map(({ id, uid_hash, browser_sealed, created_at, last_used_at }) => ({
      id,
      browser: browserName(this.cipher.decrypt(browser_sealed, sealedColumn, id)),
      startedAt: created_at.toISOString(),
      lastUsedAt: last_used_at.toISOString(),
      current: uid_hash === current,
    }));
  }

  /** @param uidHash `sid` of an access token. */
  async isAlive(uidHash: string): Promise<boolean> {
    const { rowCount } = await this.uow.single(({ sql }) =>
      sql.query(`SELECT 1 FROM sessions s WHERE uid_hash = $1 AND ${alive}`, [uidHash]),
    );
    return rowCount === 1;
  }

  /** Ends one session of a user, with its refresh tokens. @throws NotFound, also for another user's */
  end(userId: string, id: string): Promise<void> {
    return this.uow.run(async ({ sql, security }) => {
      const { rows } = await sql.query<Ended>(
        'UPDATE sessions SET ended_at = now() WHERE id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING uid_hash',
        [id, userId],
      );
      if (rows.length === 0) throw new NotFound(`session ${id}`);
      await revoke(sql, rows);
      await security.record({ type: 'session.ended', outcome: 'success', actor: userId, subject: id });
    });
  }

  private async touch(sql: Sql, uidHash: string): Promise<boolean> {
    const { rowCount } = await sql.query(
      'UPDATE sessions SET last_used_at = now() WHERE uid_hash = $1 AND ended_at IS NULL',
      [uidHash],
    );
    return rowCount === 1;
  }

  private async begin(sql: Sql, uidHash: string, { userId, userAgent, epoch }: SessionUse): Promise<boolean> {
    const id = uuidv7();
    const sealed = this.cipher.encrypt(userAgent.slice(0, longestUserAgent), sealedColumn, id);
    const { rowCount } = await sql.query(
      `INSERT INTO sessions AS s (id, user_id, uid_hash, browser_sealed, created_at, last_used_at)
       SELECT $1, u.id, $3, $4, now(), now() FROM users u WHERE u.id = $2 AND u.sessions_epoch = $5 FOR SHARE
       ON CONFLICT (uid_hash) DO UPDATE SET last_used_at = now(), signed_in_at = now() WHERE s.ended_at IS NULL AND s.user_id = $2`,
      [id, userId, uidHash, sealed, epoch],
    );
    return rowCount === 1;
  }
}

interface Row {
  id: string;
  uid_hash: string;
  browser_sealed: string;
  created_at: Date;
  last_used_at: Date;
}

type Ended = Pick<Row, 'uid_hash'>;

/** A session lives while its browser is signed in, or an application has a refresh token that outlives that. */
const alive = `
       ended_at IS NULL
   AND EXISTS (SELECT 1 FROM oidc_artifacts a
                WHERE a.session_hash = s.uid_hash AND a.expires_at > now() AND a.consumed_at IS NULL
                  AND (a.model = 'Session' OR (a.model = 'RefreshToken' AND NOT a.ends_with_session)))`;

const listSql = `
SELECT id, uid_hash, browser_sealed, created_at, last_used_at FROM sessions s
 WHERE user_id = $1 AND ${alive}
 ORDER BY last_used_at DESC, id LIMIT ${listed}`;

/**
 * Returns true if the person has signed in in this session, which goes on, within the last {@link signInMaxAgeSeconds}.
 * @param uidHash `sid` of an access token.
 */
export async function hasFreshSignIn(sql: Sql, userId: string, uidHash: string | undefined): Promise<boolean> {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM sessions WHERE uid_hash = $1 AND user_id = $2 AND ended_at IS NULL
        AND signed_in_at > now() - make_interval(secs => $3)`,
    [uidHash ?? null, userId, signInMaxAgeSeconds],
  );
  return rowCount === 1;
}

/**
 * Ends everything a user is signed in to: all sessions with their codes, refresh tokens and grants, and sign-ins that
 * have checked the password but are not complete. Access tokens are not stored; the last one expires within five
 * minutes. Does nothing for an unknown user.
 * @param sql Of the transaction with the change that is the reason, so that both happen or neither.
 * @returns How many sessions ended.
 */
export async function endAllSessions(sql: Sql, userId: string): Promise<number> {
  // First, because it locks the row that a new session needs: whatever begins now begins after this, and is refused.
  await sql.query('UPDATE users SET sessions_epoch = sessions_epoch + 1 WHERE id = $1', [userId]);
  const { rows } = await sql.query<Ended>(
    'UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL RETURNING uid_hash',
    [userId],
  );
  await revoke(sql, rows);
  return rows.length;
}

/**
 * A statement of its own, so that it sees what a request stored that had to be waited for. A refresh token that is
 * being rotated at this instant may still be stored afterwards, but without its grant it is refused.
 */
async function revoke(sql: Sql, ended: readonly Ended[]): Promise<void> {
  await sql.query('DELETE FROM oidc_artifacts WHERE session_hash = ANY ($1::text[])', [
    ended.map(({ uid_hash }) => uid_hash),
  ]);
}
