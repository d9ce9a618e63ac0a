import { BlindIndex } from '@causeway/persistence';
import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../users/password-hasher.js';
import { userColumns } from '../users/user-columns.js';
import { SignInAttempts, type SignInPlace, type SignInResult } from './sign-in-attempts.js';

/**
 * Checks e-mail address and password. An unknown address takes as long as a wrong password and gets the same response.
 */
@Injectable()
export class SignIn {
  constructor(
    private readonly index: BlindIndex,
    private readonly hasher: PasswordHasher,
    private readonly attempts: SignInAttempts,
  ) {}

  /**
   * @returns Undefined if the e-mail address or the password is wrong.
   * @throws LoginThrottled, LoginBusy
   */
  async execute(email: string, password: string, place: SignInPlace): Promise<SignInResult | undefined> {
    const account = await this.attempts.account('email_index', this.index.of(email, userColumns.email), place);
    return this.attempts.run({ method: 'password', counted: email, account, place }, () =>
      this.hasher.matches(password, account?.password_hash),
    );
  }
}
