import { BlindIndex } from '@causeway/persistence';
import type { SecurityEvent, SecurityEventType } from '@causeway/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { PasswordHasher } from '../users/password-hasher.js';
import { userColumns } from '../users/user-columns.js';
import { KnownBrowsers } from './known-browsers.js';
import { PgLoginThrottle, type LoginAttempt } from './pg-login-throttle.js';
import { hashOf } from './prisma-oidc-adapter.js';
import { LoginThrottled } from './sign-in.errors.js';

/** Where a sign-in comes from. */
export interface SignInPlace {
  /** IP address of the browser. */
  readonly address: string;
  /** Cookie of a browser that has signed in before, see `KnownBrowsers`. */
  readonly browser?: string | undefined;
}

/** What {@link SignIn} found out, and what the sign-in hands on until the session begins. */
export interface SignInResult {
  readonly accountId: string;
  /** Of the moment when the password was right: if all sessions ended since, this sign-in leads to none. */
  readonly sessionsEpoch: number;
  /** The next cookie of this browser. */
  readonly browser: string;
}

interface Account {
  id: string;
  password_hash: string;
  sessions_epoch: number;
  known: boolean;
}

/**
 * Checks e-mail address and password. An unknown address takes as long as a wrong password and gets the same response.
 */
@Injectable()
export class SignIn {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly index: BlindIndex,
    private readonly hasher: PasswordHasher,
    private readonly throttle: PgLoginThrottle,
    private readonly browsers: KnownBrowsers,
  ) {}

  /**
   * @returns Undefined if the e-mail address or the password is wrong.
   * @throws LoginThrottled, LoginBusy
   */
  async execute(email: string, password: string, { address, browser }: SignInPlace): Promise<SignInResult | undefined> {
    const browserHash = browser === undefined ? undefined : hashOf(browser);
    const account = await this.find(email, browserHash);
    const attempt = { email, address, knownBrowser: account?.known ? browserHash : undefined };
    const record = (type: SecurityEventType, outcome: SecurityEvent['outcome']): Promise<void> =>
      this.record({ type, outcome, address, details: { knownBrowser: account?.known ?? false } }, account);
    try {
      await this.throttle.take(attempt);
    } catch (error) {
      if (error instanceof LoginThrottled) await record('sign-in.throttled', 'denied');
      throw error;
    }
    const right = await this.check(password, account?.password_hash, attempt);
    if (!account || !right) {
      await record('sign-in.failed', 'failure');
      return undefined;
    }
    const [next] = await Promise.all([
      this.browsers.remember(account.id, browser),
      this.throttle.succeeded(attempt),
      record('sign-in.succeeded', 'success'),
    ]);
    return { accountId: account.id, sessionsEpoch: account.sessions_epoch, browser: next };
  }

  /** Only who knew the password is the actor; an account that was tried in vain is the subject. Unknown ones have none. */
  private record(event: SecurityEvent, account: Account | undefined): Promise<void> {
    const whom = event.outcome === 'success' ? { actor: account?.id } : { subject: account?.id };
    return this.uow.single(({ security }) => security.record({ ...event, ...whom }));
  }

  private async find(email: string, browserHash: string | undefined): Promise<Account | undefined> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<Account>(
        `SELECT id, password_hash, sessions_epoch,
                EXISTS (SELECT 1 FROM known_browsers b WHERE b.user_id = u.id AND b.browser_hash = $2) AS known
           FROM users u WHERE email_index = $1`,
        [this.index.of(email, userColumns.email), browserHash ?? null],
      ),
    );
    return rows[0];
  }

  private async check(password: string, stored: string | undefined, attempt: LoginAttempt): Promise<boolean> {
    try {
      return await this.hasher.matches(password, stored);
    } catch (error) {
      // The password was not checked (LOGIN_BUSY), so the attempt does not count as a failure.
      await this.throttle.giveBack(attempt);
      throw error;
    }
  }
}
