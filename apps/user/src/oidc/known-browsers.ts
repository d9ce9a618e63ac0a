import type { Sql } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { hashOf } from './prisma-oidc-adapter.js';

/** How long a browser is known after its last sign-in, days. */
export const knownBrowserDays = 180;

/**
 * Browsers that have signed in to an account before ("device cookies", OWASP). Guesses of strangers do not slow them
 * down. The cookie alone signs nobody in; a stolen one is worth a handful of guesses in a window.
 */
@Injectable()
export class KnownBrowsers {
  constructor(@Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork) {}

  /**
   * Remembers the browser of a successful sign-in.
   * @param cookie What the browser presented. It is replaced, for all accounts it knows.
   * @returns The new cookie.
   */
  remember(userId: string, cookie: string | undefined): Promise<string> {
    return this.uow.run(({ sql }) => rememberBrowser(sql, userId, cookie));
  }
}

/** @param sql Of the transaction in which it is to happen. See `KnownBrowsers.remember`. */
export async function rememberBrowser(sql: Sql, userId: string, cookie: string | undefined): Promise<string> {
  const next = randomBytes(32).toString('base64url');
  await sql.query(
    `WITH moved AS (UPDATE known_browsers SET browser_hash = $1 WHERE browser_hash = $2 AND user_id <> $3),
          replaced AS (DELETE FROM known_browsers WHERE browser_hash = $2 AND user_id = $3)
     INSERT INTO known_browsers (browser_hash, user_id, last_used_at) SELECT $1, id, now() FROM users WHERE id = $3`,
    [hashOf(next), hashOf(cookie ?? ''), userId],
  );
  return next;
}
