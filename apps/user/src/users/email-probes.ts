import type { BlindIndex, Transaction, UnitOfWork } from '@causeway/persistence';
import { clientNetwork } from '@causeway/service-host';
import { countAttempts } from '../oidc/pg-login-throttle.js';
import { LoginThrottled } from '../oidc/sign-in.errors.js';

const windowMs = 3_600_000;

/**
 * Registration tells who has an account (docs/decisions/0049-enumeration.md). So it counts how often one address was
 * told, and tells it only so many in an hour.
 */
export class EmailProbes {
  /** @param perAddress How often `EMAIL_TAKEN` is told to one address (IPv6: /64) in an hour. */
  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly index: BlindIndex,
    private readonly perAddress: number,
  ) {}

  /** @throws LoginThrottled for an address that was told too often, also for a free e-mail address */
  async assertFew(address: string): Promise<void> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<{ failures: number; seconds: number }>(
        `SELECT failures, ceil(extract(epoch FROM window_started_at - now()) + $2::int / 1000)::int AS seconds
           FROM login_failures WHERE key = $1`,
        [this.key(address), windowMs],
      ),
    );
    const [answered] = rows;
    if (answered && answered.seconds > 0 && answered.failures >= this.perAddress)
      throw new LoginThrottled(answered.seconds);
  }

  async count(address: string): Promise<void> {
    await this.uow.single(({ sql }) => countAttempts(sql, [this.key(address)], windowMs));
  }

  private key(address: string): string {
    return this.index.of(clientNetwork(address), 'login_failures.email-taken');
  }
}
