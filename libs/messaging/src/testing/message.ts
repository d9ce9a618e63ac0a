import { durableName, type MessageDefinition } from '@causeway/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Message } from '../consume/message.js';

/** Makes a delivered message, for the unit test of a handler. */
export function messageOf<T>(
  definition: MessageDefinition<T>,
  data: T,
  options: {
    readonly service?: string;
    readonly id?: string;
    readonly aggregateId?: string;
    readonly attempt?: number;
    readonly time?: Date;
  } = {},
): Message<T> {
  const { service = 'test', id = uuidv7(), aggregateId = uuidv7(), attempt = 1, time = new Date() } = options;
  const delivery = { consumer: durableName({ service, message: definition as MessageDefinition }), messageId: id };
  return { data, id, subject: definition.subject, aggregateId, time, delivery, attempt };
}
