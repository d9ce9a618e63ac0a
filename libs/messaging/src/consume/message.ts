import type { Delivery } from '@causeway/persistence';

/** What a handler gets: the validated data of a message and where it comes from. */
export interface Message<T = unknown> {
  readonly data: T;
  /** UUIDv7, the same for every delivery of this message. */
  readonly id: string;
  readonly subject: string;
  readonly aggregateId: string;
  /** When the message was added to the outbox. */
  readonly time: Date;
  /** For `uow.runOnce(message.delivery, …)`: the effect happens once, however often the message is delivered. */
  readonly delivery: Delivery;
  /** 1 for the first delivery. */
  readonly attempt: number;
}
