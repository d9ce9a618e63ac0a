import { BlindIndex } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { newLinkToken, readLink, storeLink, useUpLink } from '../mail/account-links.js';
import { letterMinutes } from '../mail/letters.js';
import { MailQueue } from '../mail/mail-queue.js';
import { MailThrottle } from '../mail/mail-throttle.js';
import { LoginThrottled } from '../oidc/sign-in.errors.js';
import { UNIT_OF_WORK, type UserTransaction, type UserUnitOfWork } from '../tokens.js';

/**
 * Finds out whether an e-mail address is its owner's, by a link. People may sign in before: `email_verified` tells
 * clients which addresses they can rely on.
 */
@Injectable()
export class EmailConfirmation {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly index: BlindIndex,
    private readonly mails: MailQueue,
    private readonly mailThrottle: MailThrottle,
  ) {}

  /** Sends the link, if `tx` commits. */
  async begin(tx: UserTransaction, userId: string): Promise<void> {
    const token = newLinkToken();
    const expiresAt = new Date(Date.now() + letterMinutes['confirm-email'] * 60_000);
    await storeLink(tx.sql, { token, purpose: 'confirm-email', userId, expiresAt });
    await this.mails.enqueue(tx, { kind: 'confirm-email', userId, token });
  }

  /** Sends another link, unless the address is confirmed already. @throws LoginThrottled after three in an hour */
  async repeat(userId: string, address: string): Promise<void> {
    const wanted = await this.mailThrottle.take(this.index.of(userId, 'login_failures.confirmation'), address);
    if (!wanted) throw new LoginThrottled(3_600);
    await this.uow.run(async (tx) => {
      const { rowCount } = await tx.sql.query('SELECT 1 FROM users WHERE id = $1 AND email_verified_at IS NULL', [
        userId,
      ]);
      if (rowCount > 0) await this.begin(tx, userId);
    });
  }

  /** Returns true if a link can be used. */
  async canConfirm(token: string): Promise<boolean> {
    return (await this.uow.single(({ sql }) => readLink(sql, token, 'confirm-email'))) !== undefined;
  }

  /** @returns False if the link does not work (any more). */
  confirm(token: string, address: string): Promise<boolean> {
    return this.uow.run(async (tx) => {
      const userId = await useUpLink(tx.sql, token, 'confirm-email');
      if (userId === undefined) return false;
      await tx.sql.query('UPDATE users SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = $1', [
        userId,
      ]);
      await tx.security.record({ type: 'email.verified', outcome: 'success', actor: userId, address });
      return true;
    });
  }
}
