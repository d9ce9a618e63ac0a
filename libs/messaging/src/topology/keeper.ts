import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerDefinition, StreamDefinition } from '@causeway/contracts';
import { durableName } from '@causeway/contracts';
import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { TopologyConflict } from '../errors.js';
import type { BrokerHealth } from '../health.js';
import { ensureTopology, missingTopology } from './provision.js';

const log = getLogger('messaging');
const retryMs = 500;
const remindMs = 5_000;

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
    let remindedAt = 0;
    while (!signal.aborted) {
      const problem = await this.attempt();
      if (problem === undefined) return this.announce();
      this.changed = true;
      if (Date.now() - remindedAt >= remindMs) {
        remindedAt = Date.now();
        log.warn({ reason: problem }, 'waiting for JetStream');
      }
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Not after a check that found everything in place: listeners start over what a mere check must not disturb. */
  private announce(): void {
    if (!this.changed) return;
    this.changed = false;
    this.listeners.forEach((listener) => listener());
  }

  /** Returns what is in the way, or undefined when everything is there. */
  private async attempt(): Promise<string | undefined> {
    const topology = {
      streams: [...this.streams.values()],
      consumers: [...this.consumers.values()],
      replicas: this.options.replicas,
    };
    try {
      if (this.options.createMissing) {
        const created = await ensureTopology(this.nc, topology);
        if (created.length > 0) {
          this.changed = true;
          log.warn({ created: created.map(({ name }) => name) }, 'created what the message broker did not have');
        }
        return undefined;
      }
      const missing = await missingTopology(this.nc, topology);
      return missing.length === 0 ? undefined : `not provisioned yet: ${missing.join(', ')}`;
    } catch (error) {
      if (error instanceof TopologyConflict) throw error;
      return error instanceof Error ? error.message : String(error);
    }
  }
}
