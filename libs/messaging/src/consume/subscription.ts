import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission, Release } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { Consumer, ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { BrokerHealth } from '../health.js';
import { consumerLimits } from './limits.js';

const log = getLogger('messaging');
const retryMs = 1_000;

export interface SubscriptionOptions {
  readonly stream: string;
  readonly durable: string;
  readonly health: BrokerHealth;
  /** The slots that all consumers of this instance share. */
  readonly slots: Admission;
  readonly process: (message: JsMsg) => Promise<void>;
  /** Restores missing streams and consumers. Called after a failure, before the next pull. */
  readonly restore: () => Promise<void>;
}

/**
 * Pulls messages from one durable consumer until it is stopped, and starts over whatever ends a pull.
 *
 * The consumers of an instance share their slots, first come first served. A message takes a slot before it is
 * processed, and no more are pulled than there are slots, so slow handlers slow the pull down.
 */
export class Subscription {
  private readonly inFlight = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private messages: ConsumerMessages | undefined;
  /** So many of the next messages may have waited for a slot, or behind one that did. */
  private delayed = 0;
  private ended: Promise<void> | undefined;

  constructor(
    private readonly js: JetStreamClient,
    private readonly options: SubscriptionOptions,
  ) {}

  start(): void {
    this.ended ??= this.run();
  }

  /** Starts a new pull. After a reconnect the server has lost the old one, which the client notices only after 30 s. */
  restart(): void {
    this.messages?.stop();
  }

  /** Stops pulling, and hands back the messages that wait for a slot. From then on any message may be handed back. */
  async stopPulling(): Promise<void> {
    this.stopping.abort();
    this.drain();
    await this.ended;
  }

  /** Resolves once the handlers in flight are done. */
  async idle(): Promise<void> {
    await Promise.all(this.inFlight);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.pull();
      } catch (error) {
        if (signal.aborted) return;
        log.warn(
          { consumer: this.options.durable, reason: String(error) },
          `pulling messages failed; retrying in ${retryMs / 1_000} s`,
        );
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await this.options.restore().catch(() => undefined);
      }
    }
  }

  private async pull(): Promise<void> {
    const { stream, durable, slots } = this.options;
    const consumer = await this.js.consumers.get(stream, durable);
    if (this.stopping.signal.aborted) return;
    const prefetch = Math.min(consumerLimits.prefetch, slots.slots);
    const messages = await consumer.consume({ max_messages: prefetch, abort_on_missing_resource: true });
    this.messages = messages;
    const unhandled: JsMsg[] = [];
    try {
      for await (const message of messages) {
        const release = await this.acquireSlot(message);
        if (release) this.process(message, release);
        else unhandled.push(message);
      }
    } finally {
      this.messages = undefined;
    }
    if (this.stopping.signal.aborted) await this.endPulls(consumer);
    for (const message of unhandled) message.nak();
  }

  /**
   * Makes the broker forget the pulls of the subscription that has ended. A message must not be handed back before:
   * while the subscription lasts, it comes back to us, and afterwards nats-server before 2.10.16 takes the first one
   * off its redelivery queue, finds that no pull with a subscriber is left, and drops it until its ack_wait is over.
   * The server looks for subscribers whenever somebody asks for the state of the consumer.
   */
  private async endPulls(consumer: Consumer): Promise<void> {
    await this.options.health.whileConnected(consumer.info()).catch(() => undefined);
  }

  /** Waits for a slot, and keeps the message from being redelivered meanwhile. Undefined when the instance stops. */
  private async acquireSlot(message: JsMsg): Promise<Release | undefined> {
    const { slots } = this.options;
    const keepAlive = slots.isFull ? setInterval(() => message.working(), consumerLimits.ackWaitMs / 3) : undefined;
    // Those that were pulled with it have waited behind it.
    if (keepAlive) this.delayed = consumerLimits.prefetch;
    try {
      const release = await slots.acquire('message', Infinity, this.stopping.signal);
      // Restarts its ack_wait, so that it is not redelivered while it is handled.
      if (this.delayed > 0) message.working();
      this.delayed = Math.max(0, this.delayed - 1);
      return release;
    } catch {
      return undefined;
    } finally {
      clearInterval(keepAlive);
    }
  }

  private process(message: JsMsg, release: Release): void {
    const done = this.options.process(message).finally(() => {
      this.inFlight.delete(done);
      release();
    });
    this.inFlight.add(done);
  }

  /**
   * Ends the pull, and keeps the subscription until the broker has sent everything that was on its way to us, so that
   * `pull` can hand it back. `ConsumerMessages.stop` would unsubscribe at once.
   *
   * `sub` is an internal field of nats.js (3.4); its public `drain` exists only for a whole connection. If the field
   * disappears, this falls back to `stop()`: nothing is lost, but messages in transit at a stop are redelivered only
   * after their ack_wait of 30 s, and the test "a stop waits for messages in transit from a slow broker" fails.
   *
   * A drain does not end while NATS is away. By then the broker has dropped us, and nothing is in transit.
   */
  private drain(): void {
    const messages = this.messages;
    const { sub } = (messages ?? {}) as { sub?: { drain?: () => Promise<void> } };
    if (!sub?.drain) return messages?.stop();
    this.options.health.whileConnected(sub.drain()).catch(() => messages?.stop());
  }
}
