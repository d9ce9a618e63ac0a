import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission, Release } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { BrokerHealth } from '../health.js';
import { consumerLimits } from './limits.js';

const log = getLogger('messaging');
const retryMs = 1_000;

export interface SubscriptionOptions {
  readonly stream: string;
  readonly durable: string;
  readonly health: BrokerHealth;
  /** The slots that the consumers of this instance share. */
  readonly slots: Admission;
  readonly process: (message: JsMsg) => Promise<void>;
  /** The server does not know the stream or the consumer any more. Called before the next attempt. */
  readonly restore: () => Promise<void>;
}

/**
 * The endless pull on one durable consumer. All consumers of an instance share its slots, first come first served; pulling goes on only as far
 * as messages are taken up, so a slow handler slows the pull down. Whatever ends the pull, it begins again.
 */
export class Subscription {
  private readonly inFlight = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private messages: ConsumerMessages | undefined;
  private ended: Promise<void> | undefined;

  constructor(
    private readonly js: JetStreamClient,
    private readonly options: SubscriptionOptions,
  ) {}

  start(): void {
    this.ended ??= this.run();
  }

  /** Pulls afresh: after a reconnect the server has forgotten the open pull, and the client would notice only after 30 s. */
  restart(): void {
    this.messages?.stop();
  }

  /** Stops pulling and hands back what waits. Resolves once the handlers in flight are done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.drain();
    await this.ended;
    await Promise.all(this.inFlight);
  }

  /**
   * `stop()` unsubscribes at once: messages on their way to us would be lost until their ack_wait is over. A drained subscription still
   * receives them, however slow the broker is, so that they can be handed back. nats.js ends the iterator then, but offers it only for the
   * whole connection. A drain does not end while NATS is away; by then the broker has forgotten us, and nothing is on its way.
   */
  private drain(): void {
    const messages = this.messages;
    const { sub } = (messages ?? {}) as { sub?: { drain?: () => Promise<void> } };
    if (!sub?.drain) return messages?.stop();
    this.options.health.whileConnected(sub.drain()).catch(() => messages?.stop());
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.pull();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ consumer: this.options.durable, reason: String(error) }, 'pulling messages failed; trying again');
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await this.options.restore().catch(() => undefined);
      }
    }
  }

  private async pull(): Promise<void> {
    const { stream, durable } = this.options;
    const consumer = await this.js.consumers.get(stream, durable);
    if (this.stopping.signal.aborted) return;
    const messages = await consumer.consume({ max_messages: this.prefetch, abort_on_missing_resource: true });
    this.messages = messages;
    const left: JsMsg[] = [];
    try {
      for await (const message of messages) {
        const release = await this.acquireSlot(message);
        if (release) this.take(message, release);
        else left.push(message);
      }
    } finally {
      this.messages = undefined;
    }
    // Not before the subscription has ended: the server would deliver them to our own pulls, which are still open, and what arrives after
    // the subscription is gone comes back only when its ack_wait is over (measured on nats-server 2.9: 1 to 3 of 28 messages).
    for (const message of left) message.nak();
  }

  private get prefetch(): number {
    return Math.min(consumerLimits.prefetch, this.options.slots.slots);
  }

  /** Waits for a slot. @returns undefined when the instance stops meanwhile. */
  private async acquireSlot(message: JsMsg): Promise<Release | undefined> {
    const stillHere = setInterval(() => message.working(), consumerLimits.ackWaitMs / 3);
    try {
      return await this.options.slots.acquire('message', Infinity, this.stopping.signal);
    } catch {
      return undefined;
    } finally {
      clearInterval(stillHere);
    }
  }

  private take(message: JsMsg, release: Release): void {
    const done = this.options.process(message).finally(() => {
      this.inFlight.delete(done);
      release();
    });
    this.inFlight.add(done);
  }
}
