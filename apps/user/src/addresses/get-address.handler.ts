import { getAddress } from '@causeway/contracts';
import { HandlesRpc } from '@causeway/messaging';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { Addresses } from './addresses.js';

type Request = z.output<typeof getAddress.request>;
type Response = z.output<typeof getAddress.response>;

/** Answers the order service's request for a shipping address: the postal fields, without the customer's own label. */
@Controller()
export class GetAddressHandler {
  constructor(private readonly addresses: Addresses) {}

  @HandlesRpc(getAddress)
  async handle({ userId, addressId }: Request): Promise<Response> {
    const address = await this.addresses.findPostal(userId, addressId);
    return address ? { found: true, address } : { found: false };
  }
}
