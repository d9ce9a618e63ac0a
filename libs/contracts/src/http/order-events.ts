import { z } from 'zod';
import { text } from '../text.js';
import { orderStatus } from '../statuses.js';
import { id, timestamp, version } from '../values.js';

/** Sent to the followers of an order when it changes. */
export const orderChange = z
  .object({
    type: text.meta({ description: 'Type of the event', example: 'order.evt.confirmed.v1' }),
    orderId: id,
    status: orderStatus.meta({ description: 'Status of the order after the change' }),
    version: version.meta({ description: 'Version of the order after the change', example: 3 }),
    occurredAt: timestamp,
    reason: text.optional().meta({ description: 'Why the order was rejected or cancelled', example: 'card_declined' }),
  })
  .meta({ id: 'OrderChange', description: 'A change to an order' });
export type OrderChange = z.infer<typeof orderChange>;

/**
 * `text/event-stream` (WHATWG HTML, 9.2). JSON Schema describes the content of a string with `contentMediaType` and
 * `contentSchema`.
 */
const json = (schema: string, description: string) =>
  text.meta({ description, contentMediaType: 'application/json', contentSchema: { $ref: component(schema) } });
const component = (name: string): string => `#/components/schemas/${name}`;
const versionText = text.meta({ description: 'Version of the order', example: '1' });

/** The kinds of events on the stream, by their schema name in the document. */
export const orderStreamEvents = {
  OrderSnapshotEvent: z
    .object({
      retry: z
        .int()
        .min(500)
        .max(2_500)
        .meta({ description: 'Milliseconds to wait before reconnecting', example: 1200 }),
      id: versionText,
      event: z.literal('snapshot'),
      data: json('Order', 'The current order'),
    })
    .meta({
      description: 'One event in every stream: the first, or after the changes that a reconnecting client missed',
    }),
  OrderChangedEvent: z
    .object({ id: versionText, event: z.literal('order'), data: json('OrderChange', 'The change') })
    .meta({
      description: 'One event for each change after the snapshot, and before it for each change after `Last-Event-ID`',
    }),
};

export const orderEventStream = text.meta({
  id: 'OrderEventStream',
  description:
    'Server-sent events: one `OrderSnapshotEvent`, then an `OrderChangedEvent` for each change. A client that reconnects with `Last-Event-ID` first gets an `OrderChangedEvent` for each change that it missed. Lines that begin with a colon are keep-alives.',
  contentMediaType: 'text/event-stream',
  contentSchema: {
    type: 'array',
    items: { oneOf: Object.keys(orderStreamEvents).map((name) => ({ $ref: component(name) })) },
  },
});
