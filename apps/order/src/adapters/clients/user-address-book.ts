import { getAddress, type PostalAddress } from '@causeway/contracts';
import type { RpcClient } from '@causeway/messaging';
import type { AddressBook } from '../../application/ports.js';

/** Asks the user service over core NATS. */
export class UserAddressBook implements AddressBook {
  constructor(
    private readonly rpc: RpcClient,
    private readonly timeoutMs: number,
  ) {}

  async find(customerId: string, addressId: string): Promise<PostalAddress | undefined> {
    const answer = await this.rpc.call(getAddress, { userId: customerId, addressId }, { timeoutMs: this.timeoutMs });
    return answer.found ? answer.address : undefined;
  }
}
