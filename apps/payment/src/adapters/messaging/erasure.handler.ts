import { userErased, type DataOf } from '@causeway/contracts';
import { Handles, type Message } from '@causeway/messaging';
import { Controller } from '@nestjs/common';
import { EraseReasons } from '../../application/erase-reasons.js';

/** Handles the events of the user service. */
@Controller()
export class ErasureHandler {
  constructor(private readonly erase: EraseReasons) {}

  @Handles(userErased)
  erased({ data, delivery }: Message<DataOf<typeof userErased>>): Promise<void> {
    return this.erase.execute(data.userId, delivery);
  }
}
