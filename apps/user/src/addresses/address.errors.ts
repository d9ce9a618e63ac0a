import { CodedError } from '@causeway/errors';

/** Keeps the list of addresses, which is not paged, short. */
export const maxAddresses = 50;

export class AddressLimitReached extends CodedError {
  readonly code = 'ADDRESS_LIMIT_REACHED';
  readonly remedy = 'Delete an address you no longer use.';

  constructor() {
    super(`an address book holds at most ${maxAddresses} addresses`);
  }
}
