import { z } from 'zod';
import { text } from '../text.js';
import { id, orderStatus, timestamp, version } from '../values.js';

/** What a follower of an order is told when it changes. */
export const orderChange = z
  .object({
    type: text.meta({ description: 'Which event it was, as services know it', example: 'order.evt.confirmed.v1' }),
    orderId: id,
    status: orderStatus.meta({ description: 'The status of the order after it' }),
    version: version.meta({ description: 'The version of the order after it', example: 3 }),
    occurredAt: timestamp,
    reason: text.optional().meta({ description: 'Why it was rejected or cancelled', example: 'card_declined' }),
  })
  .meta({ id: 'OrderChange', description: 'A change of an order' });
export type OrderChange = z.infer<typeof orderChange>;

/** `text/event-stream` (WHATWG HTML, 9.2). JSON Schema tells what is in a text by `contentMediaType` and `contentSchema`. */
const json = (schema: string, description: string) =>
  text.meta({ description, contentMediaType: 'application/json', contentSchema: { $ref: component(schema) } });
const component = (name: string): string => `#/components/schemas/${name}`;
const versionText = text.meta({ description: 'The version of the order', example: '1' });

/** The kinds of events on the stream, by the names that the document gives them. */
export const orderStreamEvents = {
  OrderSnapshotEvent: z
    .object({
      retry: z
        .int()
        .min(500)
        .max(2_500)
        .meta({ description: 'Milliseconds to wait before coming back', example: 1200 }),
      id: versionText,
      event: z.literal('snapshot'),
      data: json('Order', 'The order as it is now'),
    })
    .meta({ description: 'The first event of every stream' }),
  OrderChangedEvent: z
    .object({ id: versionText, event: z.literal('order'), data: json('OrderChange', 'What happened') })
    .meta({ description: 'One for each change after the snapshot' }),
};

export const orderEventStream = text.meta({
  id: 'OrderEventStream',
  description:
    'Server-sent events: one `OrderSnapshotEvent`, then an `OrderChangedEvent` for each change. Lines that begin with a colon only keep the connection open.',
  contentMediaType: 'text/event-stream',
  contentSchema: {
    type: 'array',
    items: { oneOf: Object.keys(orderStreamEvents).map((name) => ({ $ref: component(name) })) },
  },
});
