import {
  envelope,
  orderCancelled,
  orderConfirmed,
  orderPlaced,
  orderRejected,
  type MessageDefinition,
  type OrderChange,
  type OrderStatus,
} from '@causeway/contracts';
import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';

/** Somebody who follows one order. */
export interface Follower {
  onEvent(event: OrderChange): void;
  /** Events may have been missed: end the stream, so that the client comes back and begins with the current state. */
  onGap(): void;
}

const statusAfter = new Map<string, { readonly definition: MessageDefinition; readonly status: OrderStatus }>([
  [orderPlaced.subject, { definition: orderPlaced, status: 'PENDING_PAYMENT' }],
  [orderConfirmed.subject, { definition: orderConfirmed, status: 'CONFIRMED' }],
  [orderRejected.subject, { definition: orderRejected, status: 'REJECTED' }],
  [orderCancelled.subject, { definition: orderCancelled, status: 'CANCELLED' }],
]);

interface OrderFact {
  readonly orderId: string;
  readonly version: number;
  readonly occurredAt: string;
  readonly reason?: string;
}

const logger = getLogger('order-events');

/**
 * Hands the order events on NATS to those who follow an order. One plain subscription per instance, no consumer on the server:
 * events are hints to somebody who has read the state, so nothing has to be kept or replayed.
 */
export class OrderEventHub {
  private readonly followers = new Map<string, Set<Follower>>();

  /** @param stopping Fires when the process is about to end. */
  constructor(
    private readonly nats: Pick<NatsConnection, 'subscribe' | 'status'>,
    private readonly stopping: AbortSignal,
  ) {}

  start(): void {
    this.nats.subscribe('order.evt.>', {
      callback: (error, message) => {
        if (error) logger.error({ err: error }, 'order events cannot be received');
        else this.dispatch(message.subject, () => message.json());
      },
    });
    // One listener for all streams, however many there are.
    this.stopping.addEventListener('abort', () => this.endAll(), { once: true });
    void this.watchConnection();
  }

  /** @returns A function that ends the following. */
  follow(orderId: string, follower: Follower): () => void {
    const followers = this.followers.get(orderId) ?? new Set();
    this.followers.set(orderId, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.followers.get(orderId) === followers) this.followers.delete(orderId);
    };
  }

  /** Streams that are open now. */
  get size(): number {
    let size = 0;
    for (const followers of this.followers.values()) size += followers.size;
    return size;
  }

  /** Ends every stream. */
  endAll(): void {
    for (const followers of [...this.followers.values()]) for (const follower of [...followers]) follower.onGap();
  }

  private dispatch(subject: string, read: () => unknown): void {
    const known = statusAfter.get(subject);
    if (!known) return;
    const event = parse(known.definition, known.status, read);
    if (!event) return logger.warn({ subject }, 'an order event that does not match its schema was skipped');
    for (const follower of [...(this.followers.get(event.orderId) ?? [])]) follower.onEvent(event);
  }

  /** While the connection is gone streams stay open: to end them would only make everybody come back, to be told nothing either. */
  private async watchConnection(): Promise<void> {
    for await (const status of this.nats.status()) if (status.type === 'reconnect') this.endAll();
  }
}

function parse(definition: MessageDefinition, status: OrderStatus, read: () => unknown): OrderChange | undefined {
  try {
    const { data } = envelope.parse(read());
    const { orderId, version, occurredAt, reason } = definition.data.parse(data) as OrderFact;
    return { type: definition.subject, orderId, status, version, occurredAt, ...(reason !== undefined && { reason }) };
  } catch {
    return undefined;
  }
}
