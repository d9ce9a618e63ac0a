import { integerText, maxInt4, type OrderChange, type OrderHistory, type OrderView } from '@causeway/contracts';

const eventId = integerText(1, maxInt4);

/** The version that a client has seen, from its `Last-Event-ID`; undefined when it sent none of ours. */
export const lastSeen = (header: unknown): number | undefined => eventId.safeParse(header).data;

/**
 * Returns the events that a client did not get: those of the changes after the version that it has seen, up to the one
 * that the snapshot shows. Changes that were not announced by an event are left out, as in a stream that stayed open.
 */
export const missedChanges = ({ id, version }: OrderView, { items }: OrderHistory, seen: number): OrderChange[] =>
  items.flatMap((change) =>
    change.event === null || change.version <= seen || change.version > version
      ? []
      : {
          type: change.event,
          orderId: id,
          status: change.status,
          version: change.version,
          occurredAt: change.occurredAt,
          ...(change.reason !== null && { reason: change.reason }),
        },
  );
