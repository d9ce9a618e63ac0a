import { CodedError } from '@causeway/errors';
import type { BlindIndex, Transaction, UnitOfWork } from '@causeway/persistence';
import { clientNetwork } from '@causeway/service-host';

/** Too many failed sign-ins for this account from this address, or from this address altogether. */
export class LoginThrottled extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Wait as long as Retry-After says, then sign in again.';

  constructor(override readonly retryAfterSeconds: number) {
    super('too many sign-ins failed');
  }
}

export interface ThrottleLimits {
  /** Failures of one account from one address in a window. */
  readonly perAccount: number;
  /** Failures of one address over all accounts in a window; higher, since many people may share one. */
  readonly perAddress: number;
  readonly windowMs: number;
}

interface Counted {
  failures: number;
  ends_in_ms: string;
}

const takeAttempt = `
insert into login_failures as f (key, failures, window_started_at)
select key, 1, now() from unnest($1::text[]) as key order by key
on conflict (key) do update set
  failures          = case when f.window_started_at <= now() - $2::int * interval '1 ms' then 1 else f.failures + 1 end,
  window_started_at = case when f.window_started_at <= now() - $2::int * interval '1 ms' then now() else f.window_started_at end
returning key, failures, ceil(extract(epoch from window_started_at - now()) * 1000 + $2::int)::text as ends_in_ms`;

/** Takes attempts off two counters; rows are locked in the order of `takeAttempt`, so that two sign-ins can't wait for each other. */
const forgive = `
with locked as (select key from login_failures where key in ($1, $2) order by key for update)
update login_failures f set failures = greatest(f.failures - case when f.key = $1 then $3::int else 1 end, 0)
from locked where f.key = locked.key`;

/**
 * Slows down guessing, over all instances. Counted per account and address together, so that nobody can lock somebody else out from
 * elsewhere, and per address, so that one address cannot try one password on every account.
 */
export class LoginThrottle {
  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly index: BlindIndex,
    private readonly limits: ThrottleLimits,
  ) {}

  /**
   * Counts the attempt before the password is looked at: a hundred guesses at the same instant count as a hundred, not as none.
   * @throws LoginThrottled
   */
  async take(email: string, address: string): Promise<void> {
    const { account, from } = this.keys(email, address);
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<Counted & { key: string }>(takeAttempt, [[account, from], this.limits.windowMs]),
    );
    const exceeded = rows.filter(
      ({ key, failures }) => failures > (key === account ? this.limits.perAccount : this.limits.perAddress),
    );
    if (exceeded.length === 0) return;
    throw new LoginThrottled(Math.max(1, ...exceeded.map((row) => Math.ceil(Number(row.ends_in_ms) / 1000))));
  }

  /** The attempt succeeded: the account starts afresh, and the address gets this one attempt back. */
  async succeeded(email: string, address: string): Promise<void> {
    await this.forgive(email, address, this.limits.perAccount + 1);
  }

  /** The attempt was not looked at. */
  async giveBack(email: string, address: string): Promise<void> {
    await this.forgive(email, address, 1);
  }

  private async forgive(email: string, address: string, ofAccount: number): Promise<void> {
    const { account, from } = this.keys(email, address);
    await this.uow.single(({ sql }) => sql.query(forgive, [account, from, ofAccount]));
  }

  private keys(email: string, address: string): { account: string; from: string } {
    const network = clientNetwork(address);
    return {
      account: this.index.of(`${email.trim()} ${network}`, 'login_failures.account'),
      from: this.index.of(network, 'login_failures.address'),
    };
  }
}
