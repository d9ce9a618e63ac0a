import type { Sql } from '@causeway/persistence';
import { randomBytes } from 'node:crypto';
import { hashOf } from '../oidc/prisma-oidc-adapter.js';

/** Links that were mailed to the owner of an account. Each works once; only a hash of its secret is stored. */

export type LinkPurpose = 'confirm-email' | 'reset-password';

/** The secret of a new link, 256 bits. */
export const newLinkToken = (): string => randomBytes(32).toString('base64url');

/** Stores a link. Storing it twice has no further effect. */
export async function storeLink(
  sql: Sql,
  link: { readonly token: string; readonly purpose: LinkPurpose; readonly userId: string; readonly expiresAt: Date },
): Promise<void> {
  await sql.query(
    `INSERT INTO account_links (token_hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [hashOf(link.token), link.purpose, link.userId, link.expiresAt],
  );
}

/** Returns whose link it is, and leaves it as it is; undefined if it does not work (any more). */
export async function readLink(sql: Sql, token: string, purpose: LinkPurpose): Promise<string | undefined> {
  const { rows } = await sql.query<{ user_id: string }>(
    'SELECT user_id FROM account_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()',
    [hashOf(token), purpose],
  );
  return rows[0]?.user_id;
}

/**
 * Uses a link up, and with it all others for the same purpose. Of two requests with the same link one gets it.
 * @returns Whose it was; undefined like `readLink`.
 */
export async function useUpLink(sql: Sql, token: string, purpose: LinkPurpose): Promise<string | undefined> {
  const { rows } = await sql.query<{ user_id: string }>(
    'DELETE FROM account_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() RETURNING user_id',
    [hashOf(token), purpose],
  );
  const userId = rows[0]?.user_id;
  if (userId !== undefined)
    await sql.query('DELETE FROM account_links WHERE user_id = $1 AND purpose = $2', [userId, purpose]);
  return userId;
}
