import type { ChangePasswordBody } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { BlindIndex } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { newLinkToken, readLink, useUpLink } from '../mail/account-links.js';
import { MailQueue } from '../mail/mail-queue.js';
import { MailThrottle } from '../mail/mail-throttle.js';
import { rememberBrowser } from '../oidc/known-browsers.js';
import { PgLoginThrottle } from '../oidc/pg-login-throttle.js';
import type { SignInPlace } from '../oidc/sign-in-attempts.js';
import { endAllSessions } from '../sessions/sessions.js';
import { UNIT_OF_WORK, type UserTransaction, type UserUnitOfWork } from '../tokens.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { PasswordIncorrect, PasswordTooCommon } from '../users/user.errors.js';

/** Changes and resets passwords. Both end everything the account is signed in to, and tell its owner by mail. */
@Injectable()
export class Passwords {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly index: BlindIndex,
    private readonly hasher: PasswordHasher,
    private readonly throttle: PgLoginThrottle,
    private readonly mails: MailQueue,
    private readonly mailThrottle: MailThrottle,
  ) {}

  /**
   * Changes the password of somebody who knows it. A stolen token alone cannot: guesses are limited per account, not per
   * address.
   * @throws PasswordIncorrect, PasswordTooCommon, LoginThrottled, LoginBusy, NotFound
   */
  async change(userId: string, { currentPassword, newPassword }: ChangePasswordBody, address: string): Promise<void> {
    await assertUncommon(newPassword, '/newPassword');
    const attempt = { email: userId, address, knownBrowser: 'password change' };
    await this.throttle.take(attempt);
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [userId]),
    );
    const stored = rows[0]?.password_hash;
    if (stored === undefined) throw new NotFound(`user ${userId}`);
    if (!(await this.hasher.matches(currentPassword, stored))) {
      await this.uow.single((tx) =>
        tx.security.record({ type: 'password.changed', outcome: 'failure', actor: userId, address }),
      );
      throw new PasswordIncorrect();
    }
    const passwordHash = await this.hasher.hash(newPassword);
    await this.uow.run(async (tx) => {
      // Only if it is still the password that was proved: of two changes at once, the second has proved the wrong one.
      const { rowCount } = await tx.sql.query(
        'UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1 AND password_hash = $3',
        [userId, passwordHash, stored],
      );
      if (rowCount === 0) throw new PasswordIncorrect();
      const sessions = await this.conclude(tx, userId);
      await tx.security.record({
        type: 'password.changed',
        outcome: 'success',
        actor: userId,
        address,
        details: { sessions },
      });
    });
    await this.throttle.succeeded(attempt);
  }

  /**
   * Asks for a link by mail. Does the same work, and takes the same time, whether the account exists: that is found out
   * when the mail is sent.
   * @throws LoginThrottled for an address that asks too often
   */
  async requestReset(email: string, { address }: SignInPlace): Promise<void> {
    const wanted = await this.mailThrottle.take(this.index.of(email, 'login_failures.mail'), address);
    await this.uow.run(async (tx) => {
      if (wanted) await this.mails.enqueue(tx, { kind: 'reset-password', email, token: newLinkToken() });
      await tx.security.record({
        type: 'password.reset-requested',
        outcome: wanted ? 'success' : 'denied',
        address,
      });
    });
  }

  /** Returns true if a link can be used. */
  async canReset(token: string): Promise<boolean> {
    return (await this.uow.single(({ sql }) => readLink(sql, token, 'reset-password'))) !== undefined;
  }

  /**
   * Sets the password with a link from the mail. The link proves that the address is the owner's, and makes the browser
   * known; browsers that were known before and passkeys, which may have been a thief's, are forgotten.
   * @returns The browser's cookie; undefined if the link does not work (any more).
   * @throws PasswordTooCommon, LoginBusy
   */
  async reset(token: string, newPassword: string, { address }: SignInPlace): Promise<string | undefined> {
    await assertUncommon(newPassword);
    // Before the hash, so that nobody can make this service hash without a link.
    if (!(await this.canReset(token))) return undefined;
    const passwordHash = await this.hasher.hash(newPassword);
    return this.uow.run(async (tx) => {
      const userId = await useUpLink(tx.sql, token, 'reset-password');
      if (userId === undefined) return undefined;
      await tx.sql.query(
        `UPDATE users SET password_hash = $2, email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
          WHERE id = $1`,
        [userId, passwordHash],
      );
      await tx.sql.query('DELETE FROM known_browsers WHERE user_id = $1', [userId]);
      const { rowCount: passkeys } = await tx.sql.query('DELETE FROM passkeys WHERE user_id = $1', [userId]);
      const sessions = await this.conclude(tx, userId);
      await tx.security.record({
        type: 'password.reset',
        outcome: 'success',
        actor: userId,
        address,
        details: { sessions, passkeys },
      });
      return rememberBrowser(tx.sql, userId, undefined);
    });
  }

  /** @returns How many sessions ended. */
  private async conclude(tx: UserTransaction, userId: string): Promise<number> {
    const sessions = await endAllSessions(tx.sql, userId);
    await tx.sql.query(`DELETE FROM account_links WHERE user_id = $1 AND purpose = 'reset-password'`, [userId]);
    await this.mails.enqueue(tx, { kind: 'password-changed', userId });
    return sessions;
  }
}

/** @param path Of the field, as a JSON pointer. @throws PasswordTooCommon */
export async function assertUncommon(password: string, path?: string): Promise<void> {
  // Loaded on demand: 49,000 passwords, 6 MB, which an instance needs only for new ones.
  const { isCommonPassword } = await import('../users/common-passwords.js');
  if (isCommonPassword(password)) throw new PasswordTooCommon(path);
}
