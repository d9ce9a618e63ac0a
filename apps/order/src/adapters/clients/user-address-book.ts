import { getAddress, type PostalAddress } from '@causeway/contracts';
import type { RpcClient } from '@causeway/messaging';
import { currentDeadline } from '@causeway/resilience';
import type { AddressBook } from '../../application/ports.js';

/** Share of the request's deadline that is reserved for placing the order, milliseconds. */
const reservedMs = 250;

/** Asks the user service by RPC over core NATS. */
export class UserAddressBook implements AddressBook {
  /** @param limitMs Longest wait, milliseconds; the deadline of the request usually leaves less. */
  constructor(
    private readonly rpc: RpcClient,
    private readonly limitMs: number,
  ) {}

  async find(customerId: string, addressId: string): Promise<PostalAddress | undefined> {
    const leftMs = (currentDeadline()?.remainingMs() ?? Infinity) - reservedMs;
    const timeoutMs = Math.max(1, Math.min(this.limitMs, leftMs));
    const reply = await this.rpc.call(getAddress, { userId: customerId, addressId }, { timeoutMs });
    return reply.found ? reply.address : undefined;
  }
}
