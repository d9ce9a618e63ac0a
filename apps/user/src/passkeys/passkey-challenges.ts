import type { Sql } from '@causeway/persistence';
import { randomBytes } from 'node:crypto';
import { hashOf } from '../oidc/prisma-oidc-adapter.js';

/** What passkeys have to sign. Each challenge works once, for ten minutes, and for whom it was made. */

/** @param holder Id of the sign-in or session that is asked. Only its hash is stored, and that of the challenge. */
export async function issueChallenge(sql: Sql, holder: string): Promise<string> {
  const challenge = randomBytes(32).toString('base64url');
  await sql.query(
    `INSERT INTO passkey_challenges (challenge_hash, holder_hash, expires_at)
     VALUES ($1, $2, now() + interval '10 minutes')`,
    [hashOf(challenge), hashOf(holder)],
  );
  return challenge;
}

/** Of two requests with the same challenge one gets it. @returns False if it does not work (any more). */
export async function useUpChallenge(sql: Sql, challenge: string, holder: string): Promise<boolean> {
  const { rowCount } = await sql.query(
    'DELETE FROM passkey_challenges WHERE challenge_hash = $1 AND holder_hash = $2 AND expires_at > now()',
    [hashOf(challenge), hashOf(holder)],
  );
  return rowCount === 1;
}
