import type { BlindIndex, Transaction, UnitOfWork } from '@causeway/persistence';
import { clientNetwork } from '@causeway/service-host';
import { countAttempts } from '../oidc/pg-login-throttle.js';
import { LoginThrottled } from '../oidc/sign-in.errors.js';

const windowMs = 3_600_000;
/** Mails that may be asked for one recipient in an hour: nobody's inbox can be flooded from here. */
const perRecipient = 3;
/** Mails that may be asked for from one address in an hour, over all recipients. */
const perAddress = 20;

/** Bounds the mail that people can have sent, to themselves and to others. */
export class MailThrottle {
  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly index: BlindIndex,
  ) {}

  /**
   * @param recipient Blind index of the recipient.
   * @returns False if the recipient gets no more mail for now. Who asks for others must not learn that.
   * @throws LoginThrottled for an address that asks too often
   */
  async take(recipient: string, address: string): Promise<boolean> {
    const from = this.index.of(clientNetwork(address), 'login_failures.mail-address');
    const counted = await this.uow.single(({ sql }) => countAttempts(sql, [from, recipient], windowMs));
    const asked = counted.find(({ key }) => key === from);
    if (asked && asked.failures > perAddress) throw new LoginThrottled(asked.endsInSeconds);
    return (counted.find(({ key }) => key === recipient)?.failures ?? 0) <= perRecipient;
  }
}
