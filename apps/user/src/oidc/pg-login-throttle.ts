import type { BlindIndex, Transaction, UnitOfWork } from '@causeway/persistence';
import { clientNetwork } from '@causeway/service-host';
import { LoginThrottled } from './sign-in.errors.js';

export interface ThrottleLimits {
  /** Failed sign-ins allowed for one account from one address in a window. */
  readonly perAccount: number;
  /** Failed sign-ins allowed from one address, over all accounts. Higher, because many people may share an address. */
  readonly perAddress: number;
  /** Length of the window, milliseconds. */
  readonly windowMs: number;
}

interface Counted {
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

/**
 * Takes attempts off two counters. Locks them in the same order as `takeAttemptSql`, so that two sign-ins cannot deadlock.
 */
const forgiveSql = `
WITH locked AS (SELECT key FROM login_failures WHERE key IN ($1, $2) ORDER BY key FOR UPDATE)
UPDATE login_failures f SET failures = greatest(f.failures - CASE WHEN f.key = $1 THEN $3::int ELSE 1 END, 0)
FROM locked WHERE f.key = locked.key`;

/**
 * Slows down password guessing, counted over all instances. One counter is per account and address, so that an attacker
 * elsewhere cannot lock a customer out; the other is per address, so that one address cannot try one password on every
 * account.
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
  async take(email: string, address: string): Promise<void> {
    const { account, from } = this.keys(email, address);
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<Counted & { key: string }>(takeAttemptSql, [[account, from], this.limits.windowMs]),
    );
    const exceeded = rows.filter(
      ({ key, failures }) => failures > (key === account ? this.limits.perAccount : this.limits.perAddress),
    );
    if (exceeded.length === 0) return;
    throw new LoginThrottled(Math.max(1, ...exceeded.map((row) => Math.ceil(Number(row.ends_in_ms) / 1000))));
  }

  /**
   * Records a successful sign-in: resets the counter of the account, and takes this attempt off the counter of the
   * address.
   */
  async succeeded(email: string, address: string): Promise<void> {
    await this.forgive(email, address, this.limits.perAccount + 1);
  }

  /** Takes back an attempt whose password was not checked. */
  async giveBack(email: string, address: string): Promise<void> {
    await this.forgive(email, address, 1);
  }

  private async forgive(email: string, address: string, ofAccount: number): Promise<void> {
    const { account, from } = this.keys(email, address);
    await this.uow.single(({ sql }) => sql.query(forgiveSql, [account, from, ofAccount]));
  }

  private keys(email: string, address: string): { account: string; from: string } {
    const network = clientNetwork(address);
    return {
      account: this.index.of(`${email.trim()} ${network}`, 'login_failures.account'),
      from: this.index.of(network, 'login_failures.address'),
    };
  }
}
