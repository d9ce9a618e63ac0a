import { userErased } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { VersionStale, type ExpectedVersions } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { endAllSessions, hasFreshSignIn } from '../sessions/sessions.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { SignInTooOld } from './user.errors.js';

export interface ErasureRequest {
  readonly userId: string;
  /** `sid` of the access token. */
  readonly sessionId: string | undefined;
  /** Versions of the profile that the request may be based on. */
  readonly expected: ExpectedVersions;
}

/**
 * Erases an account: profile, addresses, sessions and grants, and the stored responses that repeat them. Other services
 * learn it from `user.evt.erased.v1`, which has only the id. What is kept, and why: docs/guides/data-protection.md.
 */
@Injectable()
export class EraseAccount {
  constructor(@Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork) {}

  /** @throws SignInTooOld, NotFound, VersionStale */
  execute({ userId, sessionId, expected }: ErasureRequest): Promise<void> {
    return this.uow.run(async (tx) => {
      // A stolen access token alone must not erase anybody: whoever asks has signed in in this browser minutes ago. Not the
      // password in the request, because then every application that offers this would see it, and another place would have
      // to count guesses.
      if (!(await hasFreshSignIn(tx.sql, userId, sessionId))) throw new SignInTooOld();
      const { rows } = await tx.sql.query<{ version: number }>('SELECT version FROM users WHERE id = $1 FOR UPDATE', [
        userId,
      ]);
      if (!rows[0]) throw new NotFound(`user ${userId}`);
      if (expected !== 'any' && !expected.includes(rows[0].version)) throw new VersionStale(`user ${userId}`);
      const sessions = await endAllSessions(tx.sql, userId);
      // The response to the registration is stored under the key space of those who are not signed in.
      await tx.sql.query(
        `DELETE FROM causeway.idempotency WHERE subject = $1 OR (subject = 'anonymous' AND body ->> 'owner' = $1)`,
        [userId],
      );
      // Addresses, sessions and whatever else belongs to the person goes with the row (ON DELETE CASCADE).
      await tx.sql.query('DELETE FROM users WHERE id = $1', [userId]);
      await tx.outbox.add(userErased, userId, { userId, erasedAt: new Date().toISOString() });
      await tx.security.record({ type: 'account.erased', outcome: 'success', actor: userId, details: { sessions } });
    });
  }
}
