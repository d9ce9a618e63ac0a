import { getAddress, type PostalAddress } from '@causeway/contracts';
import type { RpcClient } from '@causeway/messaging';
import { currentDeadline } from '@causeway/resilience';
import type { AddressBook } from '../../application/ports.js';

/** What is kept of the deadline of the request for placing the order, milliseconds. */
const placingMs = 250;

/** Asks the user service over core NATS. */
export class UserAddressBook implements AddressBook {
  /** @param limitMs The longest wait; what the deadline of the request leaves for it is usually less. */
  constructor(
    private readonly rpc: RpcClient,
    private readonly limitMs: number,
  ) {}

  async find(customerId: string, addressId: string): Promise<PostalAddress | undefined> {
    const leftMs = (currentDeadline()?.remainingMs() ?? Infinity) - placingMs;
    const timeoutMs = Math.max(1, Math.min(this.limitMs, leftMs));
    const answer = await this.rpc.call(getAddress, { userId: customerId, addressId }, { timeoutMs });
    return answer.found ? answer.address : undefined;
  }
}
