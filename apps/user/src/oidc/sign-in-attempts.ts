import type { SecurityEvent, SecurityEventType } from '@causeway/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
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

/** What a sign-in found out, and hands on until the session begins. */
export interface SignInResult {
  readonly accountId: string;
  /** Of the moment of the proof: if all sessions ended since, this sign-in leads to none. */
  readonly sessionsEpoch: number;
  /** The next cookie of this browser. */
  readonly browser: string;
}

/** The account that somebody says is his. */
export interface ClaimedAccount {
  readonly id: string;
  readonly password_hash: string;
  readonly sessions_epoch: number;
  /** Whether the browser is known to it. */
  readonly known: boolean;
}

export interface SignInAttempt {
  readonly method: 'password' | 'passkey';
  /** What failures count for besides the address: the e-mail address, or the id of the passkey. */
  readonly counted: string;
  /** Undefined if there is none: then the proof is in vain. */
  readonly account: ClaimedAccount | undefined;
  readonly place: SignInPlace;
}

/** What every way to sign in has in common: guesses are counted, and how it ended is on record. */
@Injectable()
export class SignInAttempts {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly throttle: PgLoginThrottle,
    private readonly browsers: KnownBrowsers,
  ) {}

  async account(
    column: 'id' | 'email_index',
    value: string,
    { browser }: SignInPlace,
  ): Promise<ClaimedAccount | undefined> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<ClaimedAccount>(
        `SELECT id, password_hash, sessions_epoch,
                EXISTS (SELECT 1 FROM known_browsers b WHERE b.user_id = u.id AND b.browser_hash = $2) AS known
           FROM users u WHERE ${column} = $1`,
        [value, browser === undefined ? null : hashOf(browser)],
      ),
    );
    return rows[0];
  }

  /**
   * Counts an attempt, then asks for the proof. If that throws, nothing was proved or refuted, and the attempt does not count.
   * @returns Undefined if there is no account or no proof.
   * @throws LoginThrottled
   */
  async run(attempt: SignInAttempt, proves: () => Promise<boolean>): Promise<SignInResult | undefined> {
    const { account, place } = attempt;
    const counted = countedAs(attempt);
    try {
      await this.throttle.take(counted);
    } catch (error) {
      if (error instanceof LoginThrottled) await this.record('sign-in.throttled', 'denied', attempt);
      throw error;
    }
    const proved = await proves().catch(async (error: unknown) => {
      await this.throttle.giveBack(counted);
      throw error;
    });
    if (!account || !proved) {
      await this.record('sign-in.failed', 'failure', attempt);
      return undefined;
    }
    const [browser] = await Promise.all([
      this.browsers.remember(account.id, place.browser),
      this.throttle.succeeded(counted),
      this.record('sign-in.succeeded', 'success', attempt),
    ]);
    return { accountId: account.id, sessionsEpoch: account.sessions_epoch, browser };
  }

  /** Only who proved it is the actor; an account that was tried in vain is the subject. Unknown ones have none. */
  private record(
    type: SecurityEventType,
    outcome: SecurityEvent['outcome'],
    { method, account, place: { address } }: SignInAttempt,
  ): Promise<void> {
    const whom = outcome === 'success' ? { actor: account?.id } : { subject: account?.id };
    const details = { method, knownBrowser: account?.known ?? false };
    return this.uow.single(({ security }) => security.record({ type, outcome, address, details, ...whom }));
  }
}

const countedAs = ({ counted, account, place: { address, browser } }: SignInAttempt): LoginAttempt => ({
  email: counted,
  address,
  knownBrowser: account?.known && browser !== undefined ? hashOf(browser) : undefined,
});
