import type { ConsumerDefinition, StreamDefinition } from '@causeway/contracts';
import { durableName } from '@causeway/contracts';
import { untilReady } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { TopologyConflict } from '../errors.js';
import type { BrokerHealth } from '../health.js';
import { ensureTopology, missingTopology } from './provision.js';

const log = getLogger('messaging');

export interface Needs {
  readonly streams: readonly StreamDefinition[];
  readonly consumers: readonly ConsumerDefinition[];
}

/**
 * Keeps what this process needs on the server: waits for it at start, and puts it back after a reconnect to a server that lost it.
 */
export class TopologyKeeper {
  private readonly streams = new Map<string, StreamDefinition>();
  private readonly consumers = new Map<string, ConsumerDefinition>();
  private readonly listeners = new Set<() => void>();
  private readonly stopping = new AbortController();
  private restoring: Promise<void> | undefined;
  /** Something may differ from before: reconnected, created, or waited for. */
  private changed = false;

  constructor(
    private readonly nc: NatsConnection,
    health: BrokerHealth,
    private readonly options: { readonly replicas: number; readonly createMissing: boolean },
  ) {
    health.onReconnect(() => {
      this.changed = true;
      return this.restore();
    });
  }

  /** Adds needs and resolves once the server has everything. Waits for JetStream as long as it takes, with a log line every 5 s. */
  async need({ streams, consumers }: Needs): Promise<void> {
    for (const stream of streams) this.streams.set(stream.name, stream);
    for (const consumer of consumers) this.consumers.set(durableName(consumer), consumer);
    await this.restoring;
    await this.restore();
  }

  /** Checks everything needed and creates what is missing. One at a time; callers share the run. */
  restore(): Promise<void> {
    this.restoring ??= this.untilThere().finally(() => (this.restoring = undefined));
    return this.restoring;
  }

  /** After a reconnect, or when something was missing, once everything is there again. Returns a function that ends it. */
  onRestored(fn: () => void): () => void {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  stop(): void {
    this.stopping.abort();
  }

  private async untilThere(): Promise<void> {
    const { signal } = this.stopping;
    const reasonOf = (error: unknown): string => {
      if (error instanceof TopologyConflict) throw error;
      this.changed = true;
      return error instanceof Error ? error.message : String(error);
    };
    const remind = (reason: string): void => log.warn({ reason }, 'waiting for JetStream');
    try {
      await untilReady(() => this.attempt(), { reasonOf, remind, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.notifyRestored();
  }

  /** Not after a check that found everything in place: listeners start over what a mere check must not disturb. */
  private notifyRestored(): void {
    if (!this.changed) return;
    this.changed = false;
    this.listeners.forEach((listener) => listener());
  }

  /** @throws Error that says what is in the way. */
  private async attempt(): Promise<void> {
    const topology = {
      streams: [...this.streams.values()],
      consumers: [...this.consumers.values()],
      replicas: this.options.replicas,
    };
    if (this.options.createMissing) {
      const created = await ensureTopology(this.nc, topology);
      if (created.length === 0) return;
      this.changed = true;
      log.warn({ created: created.map(({ name }) => name) }, 'created what the message broker did not have');
      return;
    }
    const missing = await missingTopology(this.nc, topology);
    if (missing.length > 0) throw new Error(`not provisioned yet: ${missing.join(', ')}`);
  }
}
