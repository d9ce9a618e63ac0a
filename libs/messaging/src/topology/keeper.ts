import type { ConsumerDefinition, StreamDefinition } from '@causeway/contracts';
import { durableName } from '@causeway/contracts';
import { untilReady } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { TopologyConflict } from '../errors.js';
import type { BrokerHealth } from '../health.js';
import { ensureTopology, missingTopology } from './provision.js';

const log = getLogger('messaging');

/** What a part of this process needs on the server. */
export interface TopologyNeeds {
  readonly streams: readonly StreamDefinition[];
  readonly consumers: readonly ConsumerDefinition[];
}

/**
 * Makes sure that the server has the streams and consumers that this process needs: at start, and after each reconnect,
 * in case the server lost them. Creates what is missing, or waits until it is provisioned (`createMissing: false`).
 */
export class TopologyKeeper {
  private readonly streams = new Map<string, StreamDefinition>();
  private readonly consumers = new Map<string, ConsumerDefinition>();
  private readonly listeners = new Set<() => void>();
  private readonly stopping = new AbortController();
  private restoring: Promise<void> | undefined;
  /** Set by a reconnect, and when something was missing. */
  private notificationDue = false;

  constructor(
    private readonly nc: NatsConnection,
    health: BrokerHealth,
    private readonly options: { readonly replicas: number; readonly createMissing: boolean },
  ) {
    health.onReconnect(() => {
      this.notificationDue = true;
      return this.restore();
    });
  }

  /** Adds needs. Resolves once the server has everything, however long that takes; logs a reminder every 5 s. */
  async need({ streams, consumers }: TopologyNeeds): Promise<void> {
    for (const stream of streams) this.streams.set(stream.name, stream);
    for (const consumer of consumers) this.consumers.set(durableName(consumer), consumer);
    await this.restoring;
    await this.restore();
  }

  /** Checks everything that is needed and creates what is missing. Concurrent callers share one run. */
  restore(): Promise<void> {
    this.restoring ??= this.waitUntilComplete().finally(() => (this.restoring = undefined));
    return this.restoring;
  }

  /**
   * Calls `listener` once everything is in place again after a reconnect, or after something was missing. Not after a
   * check that found everything in place: listeners start their work over.
   * @returns A function that unsubscribes.
   */
  onRestored(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stop(): void {
    this.stopping.abort();
  }

  private async waitUntilComplete(): Promise<void> {
    const { signal } = this.stopping;
    const reasonOf = (error: unknown): string => {
      if (error instanceof TopologyConflict) throw error;
      this.notificationDue = true;
      return error instanceof Error ? error.message : String(error);
    };
    const remind = (reason: string): void => log.warn({ reason }, 'waiting for JetStream streams and consumers');
    try {
      await untilReady(() => this.checkAndCreate(), { reasonOf, remind, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.notifyRestored();
  }

  private notifyRestored(): void {
    if (!this.notificationDue) return;
    this.notificationDue = false;
    this.listeners.forEach((listener) => listener());
  }

  /** @throws An error that says what is missing or fails. */
  private async checkAndCreate(): Promise<void> {
    const topology = {
      streams: [...this.streams.values()],
      consumers: [...this.consumers.values()],
      replicas: this.options.replicas,
    };
    if (this.options.createMissing) {
      const created = await ensureTopology(this.nc, topology);
      if (created.length === 0) return;
      this.notificationDue = true;
      log.warn(
        { created: created.map(({ name }) => name) },
        'created streams and consumers that the broker did not have',
      );
      return;
    }
    const missing = await missingTopology(this.nc, topology);
    if (missing.length > 0) throw new Error(`not provisioned yet: ${missing.join(', ')}`);
  }
}
