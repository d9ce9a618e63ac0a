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
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';

/** Follows one order. */
export interface Follower {
  onEvent(event: OrderChange): void;
  /** Events may have been missed: end the stream, so that the client reconnects and begins with the current state. */
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

const log = getLogger('order-events');

/**
 * Passes the order events on NATS to the followers of each order. One plain subscription per instance, no consumer on
 * the broker: each stream begins with the state of the order, so no event has to be kept or replayed.
 */
export class OrderEventHub implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly followers = new Map<string, Set<Follower>>();

  /** @param stopping Aborts when the process is asked to stop. */
  constructor(
    private readonly nats: Pick<NatsConnection, 'subscribe' | 'status'>,
    private readonly stopping: AbortSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.start();
  }

  /** Event streams have no end of their own; the stop does not wait for them. */
  onModuleDestroy(): void {
    this.endAll();
  }

  start(): void {
    this.nats.subscribe('order.evt.>', {
      callback: (error, message) => {
        if (error) log.error({ err: error }, 'order events cannot be received; open streams stay silent');
        else this.dispatch(message.subject, () => message.json());
      },
    });
    // One listener for all streams, however many there are.
    this.stopping.addEventListener('abort', () => this.endAll(), { once: true });
    void this.watchConnection();
  }

  /** @returns A function that stops following. */
  follow(orderId: string, follower: Follower): () => void {
    const followers = this.followers.get(orderId) ?? new Set();
    this.followers.set(orderId, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.followers.get(orderId) === followers) this.followers.delete(orderId);
    };
  }

  /** Open streams. */
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
    if (!event) return log.warn({ subject }, 'order event breaks the contract; skipping it');
    for (const follower of [...(this.followers.get(event.orderId) ?? [])]) follower.onEvent(event);
  }

  /** While NATS is away streams stay open: clients that reconnected would get no events either. */
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
