import type { BlindIndex, Sql, Transaction, UnitOfWork } from '@causeway/persistence';
import { clientNetwork } from '@causeway/service-host';
import { LoginThrottled } from './sign-in.errors.js';

export interface ThrottleLimits {
  /** Failed sign-ins allowed for one account from one address, or from one known browser, in a window. */
  readonly perAccount: number;
  /** Failed sign-ins allowed from one address, over all accounts. Higher, because many people may share an address. */
  readonly perAddress: number;
  /** Length of the window, milliseconds. */
  readonly windowMs: number;
  /** Failed sign-ins of one account from unknown places, over all addresses, before each next one is delayed. */
  readonly beforeDelay: number;
  /** Longest of those delays, milliseconds. The first is a second, and each next one twice as long. */
  readonly maxDelayMs: number;
}

/** Who tries to sign in, and from where. */
export interface LoginAttempt {
  readonly email: string;
  /** IP address of the browser. */
  readonly address: string;
  /** Digest of the browser's cookie if the browser is known to this account. */
  readonly knownBrowser: string | undefined;
}

/** Failures from unknown places are forgotten after so long without one, milliseconds. */
export const strangersForgottenMs = 86_400_000;

interface Counted {
  key: string;
  failures: number;
  ends_in_ms: string;
}

const takeAttemptSql = `
INSERT INTO login_failures AS f (key, failures, window_started_at)
SELECT key, 1, now() FROM unnest($1::text[]) AS key ORDER BY key
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN f.window_started_at <= now() - $2::int * interval '1 ms' THEN 1 ELSE f.failures + 1 END,
  window_started_at =
    CASE WHEN f.window_started_at <= now() - $2::int * interval '1 ms' THEN now() ELSE f.window_started_at END
RETURNING key, failures,
  ceil(extract(epoch FROM window_started_at - now()) * 1000 + $2::int)::text AS ends_in_ms`;

export interface AttemptCount {
  readonly key: string;
  readonly failures: number;
  /** Until the window ends, seconds. */
  readonly endsInSeconds: number;
}

/** Counts an attempt under each key. @param windowMs At most a day: a counter is deleted after that. */
export async function countAttempts(sql: Sql, keys: readonly string[], windowMs: number): Promise<AttemptCount[]> {
  const { rows } = await sql.query<Counted>(takeAttemptSql, [keys, windowMs]);
  return rows.map(({ key, failures, ends_in_ms }) => ({
    key,
    failures,
    endsInSeconds: Math.max(1, Math.ceil(Number(ends_in_ms) / 1000)),
  }));
}

/** When the next attempt from an unknown place is let through. $2: attempts before the delay, $3: longest delay, ms. */
const nextStrangerAt = `f.window_started_at + interval '1 ms' *
  CASE WHEN f.failures < $2::int THEN 0 ELSE least($3::int, 1000 * 2 ^ least(f.failures - $2::int, 20)) END`;

/**
 * An attempt that is refused does not count, so that the delay ends while somebody keeps trying. `clock_timestamp()`,
 * because of several attempts that wait for the row, each has to see the one before.
 */
const takeAsStrangerSql = `
INSERT INTO login_failures AS f (key, failures, window_started_at) VALUES ($1, 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN f.window_started_at <= now() - ${strangersForgottenMs} * interval '1 ms' THEN 1 ELSE f.failures + 1 END,
  window_started_at = clock_timestamp()
WHERE f.failures < $2::int OR ${nextStrangerAt} <= clock_timestamp()
RETURNING failures`;

const strangersWaitSql = `
SELECT ceil(extract(epoch FROM ${nextStrangerAt} - clock_timestamp()))::int AS seconds FROM login_failures f WHERE key = $1`;

/** Takes attempts off counters. Locks them in the same order as `takeAttemptSql`, so that two sign-ins cannot deadlock. */
const forgiveSql = `
WITH locked AS (SELECT key FROM login_failures WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE)
UPDATE login_failures f SET failures = greatest(f.failures - taken.attempts, 0)
FROM locked JOIN unnest($1::text[], $2::int[]) AS taken (key, attempts) USING (key) WHERE f.key = locked.key`;

/**
 * Slows down password guessing, counted over all instances (docs/decisions/0048-guessing.md).
 *
 * From unknown places, three counters: per account and address; per address, so that one address cannot try one password
 * on every account; and per account over all addresses, whose delay grows, so that many addresses do not add up. From a
 * browser that is known to the account only its own counter applies: strangers cannot lock its owner out.
 */
export class PgLoginThrottle {
  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly index: BlindIndex,
    private readonly limits: ThrottleLimits,
  ) {}

  /**
   * Counts an attempt before its password is checked, so that a hundred simultaneous guesses count as a hundred.
   * @throws LoginThrottled
   */
  async take(attempt: LoginAttempt): Promise<void> {
    const { place, address, strangers } = this.keys(attempt);
    const counted = await this.uow.single(({ sql }) => countAttempts(sql, [place, ...address], this.limits.windowMs));
    const exceeded = counted.filter(
      ({ key, failures }) => failures > (key === place ? this.limits.perAccount : this.limits.perAddress),
    );
    if (exceeded.length > 0) throw new LoginThrottled(Math.max(...exceeded.map(({ endsInSeconds }) => endsInSeconds)));
    for (const key of strangers) await this.takeAsStranger(key);
  }

  /**
   * Records a successful sign-in: resets the counter of the place, and takes this attempt off the others.
   */
  async succeeded(attempt: LoginAttempt): Promise<void> {
    await this.forgive(attempt, this.limits.perAccount + 1);
  }

  /** Takes back an attempt whose password was not checked. */
  async giveBack(attempt: LoginAttempt): Promise<void> {
    await this.forgive(attempt, 1);
  }

  private async takeAsStranger(key: string): Promise<void> {
    const { beforeDelay, maxDelayMs } = this.limits;
    const values = [key, beforeDelay, maxDelayMs];
    const { rowCount } = await this.uow.single(({ sql }) => sql.query(takeAsStrangerSql, values));
    if (rowCount > 0) return;
    const { rows } = await this.uow.single(({ sql }) => sql.query<{ seconds: number }>(strangersWaitSql, values));
    throw new LoginThrottled(Math.max(1, rows[0]?.seconds ?? 1));
  }

  private async forgive(attempt: LoginAttempt, atPlace: number): Promise<void> {
    const { place, address, strangers } = this.keys(attempt);
    const others = [...address, ...strangers];
    await this.uow.single(({ sql }) =>
      sql.query(forgiveSql, [
        [place, ...others],
        [atPlace, ...others.map(() => 1)],
      ]),
    );
  }

  /** The counters of an attempt. The address and the strangers have none for a known browser. */
  private keys({ email, address, knownBrowser }: LoginAttempt): Record<'address' | 'strangers', string[]> & {
    place: string;
  } {
    const account = email.trim();
    if (knownBrowser !== undefined)
      return {
        place: this.index.of(`${account} ${knownBrowser}`, 'login_failures.browser'),
        address: [],
        strangers: [],
      };
    const network = clientNetwork(address);
    return {
      place: this.index.of(`${account} ${network}`, 'login_failures.account'),
      address: [this.index.of(network, 'login_failures.address')],
      strangers: [this.index.of(account, 'login_failures.strangers')],
    };
  }
}
