import { BlindIndex, PRISMA } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { PrismaClient } from '../generated/prisma/client.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { userColumns } from '../users/user-columns.js';
import { PgLoginThrottle } from './pg-login-throttle.js';

/** What {@link SignIn} found out, and what the sign-in hands on until the session begins. */
export interface SignInResult {
  readonly accountId: string;
  /** Of the moment when the password was right: if all sessions ended since, this sign-in leads to none. */
  readonly sessionsEpoch: number;
}

/**
 * Checks e-mail address and password. An unknown address takes as long as a wrong password and gets the same response.
 */
@Injectable()
export class SignIn {
  constructor(
    @Inject(PRISMA) private readonly prisma: PrismaClient,
    private readonly index: BlindIndex,
    private readonly hasher: PasswordHasher,
    private readonly throttle: PgLoginThrottle,
  ) {}

  /**
   * @param address IP address of the browser.
   * @returns Undefined if the e-mail address or the password is wrong.
   * @throws LoginThrottled, LoginBusy
   */
  async execute(email: string, password: string, address: string): Promise<SignInResult | undefined> {
    await this.throttle.take(email, address);
    const user = await this.prisma.user.findUnique({
      where: { emailIndex: this.index.of(email, userColumns.email) },
      select: { id: true, passwordHash: true, sessionsEpoch: true },
    });
    const right = await this.check(password, user?.passwordHash, email, address);
    if (!user || !right) return undefined;
    await this.throttle.succeeded(email, address);
    return { accountId: user.id, sessionsEpoch: user.sessionsEpoch };
  }

  private async check(password: string, stored: string | undefined, email: string, address: string): Promise<boolean> {
    try {
      return await this.hasher.matches(password, stored);
    } catch (error) {
      // The password was not checked (LOGIN_BUSY), so the attempt does not count as a failure.
      await this.throttle.giveBack(email, address);
      throw error;
    }
  }
}
