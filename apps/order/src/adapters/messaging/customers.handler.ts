import { userErased, type DataOf } from '@causeway/contracts';
import { Handles, type Message } from '@causeway/messaging';
import { Controller } from '@nestjs/common';
import { EraseCustomer } from '../../application/erase-customer.js';

/** Handles the events of the user service. */
@Controller()
export class CustomersHandler {
  constructor(private readonly erase: EraseCustomer) {}

  @Handles(userErased)
  erased({ data, delivery }: Message<DataOf<typeof userErased>>): Promise<void> {
    return this.erase.execute(data.userId, data.erasedAt, delivery);
  }
}
