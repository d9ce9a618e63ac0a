import { setTimeout as sleep } from 'node:timers/promises';
import { WakeSignal, withoutDeadline } from '@causeway/resilience';
import { getLogger, instruments, meter } from '@causeway/telemetry';
import type { Subscription } from '@nats-io/transport-node';
import type pg from 'pg';
import { OutboxPublisher, type PublisherOptions } from './publisher.js';
import { purgePublished, readBacklog, type Backlog } from './rows.js';
import { partitions, RelaySession } from './session.js';

const log = getLogger('outbox');
const metrics = meter('causeway.messaging');

export interface RelayOptions extends PublisherOptions {
  readonly service: string;
  /** How to reach the service's database. The relay opens its own connection. */
  readonly connection: pg.ClientConfig;
  /**
   * How often to look for rows without being woken, milliseconds: rows of a process that died before it woke a relay wait
   * so long. Default 5 000.
   */
  readonly pollMs?: number;
  /** How often to read how much waits in the outbox. Default 5 000. */
  readonly backlogMs?: number;
  /** How often to compare the outbox with the streams. Default 30 000. */
  readonly sweepMs?: number;
  /** How long published rows are kept. Default 168. */
  readonly retentionHours?: number;
  /** Rows per partition and pass. Default 512 (measured: 128 gives half the throughput). */
  readonly batch?: number;
}

/** How often to try for partitions that other instances hold. */
const lockRetryMs = 1_000;
const purgeMs = 3_600_000;
const firstPurgeMs = 60_000;
/** Pause before a new connection to the database. */
const reopenMs = 500;
/** Wakes other instances at most this often. */
const wakeOthersMs = 10;

/**
 * Publishes the messages of the outbox: at least once, in order within an aggregate, many aggregates at a time.
 *
 * The outbox has four partitions (hash of the aggregate id), each behind an advisory lock. Each instance takes those
 * that are free, and takes over those of an instance that died within a second. This class decides *when* to publish;
 * `OutboxPublisher` does it. `wake()` after a commit makes it immediate, polling covers everything else.
 */
export class OutboxRelay {
  private readonly publisher: OutboxPublisher;
  private readonly wakeSignal = new WakeSignal();
  private readonly wakeSubject: string;
  private othersWokenAt = 0;
  private backlog: Backlog = { pending: 0, oldestAgeSeconds: 0 };
  private session: RelaySession | undefined;
  private stopping = false;
  private running: Promise<void> | undefined;
  private wakeSubscription: Subscription | undefined;
  private unsubscribes: (() => void)[] = [];

  constructor(private readonly options: RelayOptions) {
    this.publisher = new OutboxPublisher(options);
    this.wakeSubject = `causeway.outbox.wake.${options.service}`;
  }

  start(): void {
    if (this.running) return;
    const { nc, health, keeper } = this.options;
    this.wakeSubscription = nc.subscribe(this.wakeSubject, { callback: () => this.wakeSignal.wake() });
    this.unsubscribes = [
      health.onDisconnect(() => {
        this.publisher.compareFirst();
        this.wakeSignal.wake();
      }),
      keeper.onRestored(() => {
        this.publisher.compareFirst();
        this.publisher.retryNow();
        this.wakeSignal.wake();
      }),
      metrics.gauge(
        instruments.outboxPending,
        { description: 'Messages of the service that are not published yet; at most 100,000', unit: '{row}' },
        (observe) => observe(this.backlog.pending),
      ),
      metrics.gauge(
        instruments.outboxOldestAge,
        { description: 'Age of the oldest message that is not published yet', unit: 's' },
        (observe) => observe(this.backlog.oldestAgeSeconds),
      ),
    ];
    this.running = withoutDeadline(() => this.run());
  }

  /** Looks for new rows now, here and in the instances with the other partitions. Cheap: call it after each commit. */
  wake(): void {
    this.wakeSignal.wake();
    const now = performance.now();
    const holdsAll = this.session?.held.size === partitions.length;
    if (holdsAll || !this.options.health.connected || now - this.othersWokenAt < wakeOthersMs) return;
    this.othersWokenAt = now;
    this.options.nc.publish(this.wakeSubject);
  }

  /** Publishes what is committed by now, then frees the partitions for other instances. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeSignal.wake();
    this.unsubscribes.forEach((unsubscribe) => unsubscribe());
    this.unsubscribes = [];
    await this.running;
    this.wakeSubscription?.unsubscribe();
  }

  /** Seconds since the oldest message that is not published yet was added, as of at most 5 s ago. */
  get oldestAgeSeconds(): number {
    return this.backlog.oldestAgeSeconds;
  }

  /** The partitions that this instance holds right now. */
  get heldPartitions(): readonly number[] {
    return [...(this.session?.held ?? [])].sort();
  }

  private async run(): Promise<void> {
    let warned = false;
    while (!this.stopping) {
      try {
        this.session = await RelaySession.open(this.options.connection);
        warned = false;
        await this.relay(this.session);
      } catch (error) {
        if (!warned && !this.stopping)
          log.warn({ reason: String(error) }, 'outbox relay cannot reach its database; retrying every 0.5 s');
        warned = true;
        if (!this.stopping) await sleep(reopenMs);
      } finally {
        await this.session?.close();
        this.session = undefined;
      }
    }
  }

  /** Milliseconds until something other than a new row needs a pass. */
  private untilNextTaskMs(session: RelaySession, backlogMs: number): number {
    const wantsLocks = session.held.size < partitions.length;
    return Math.max(1, Math.min(this.publisher.untilRetryMs, wantsLocks ? lockRetryMs : backlogMs));
  }

  /** Returns when the relay is stopped, after one last pass. Throws when the session is lost. */
  private async relay(session: RelaySession): Promise<void> {
    const { pollMs = 5_000, backlogMs = 5_000, sweepMs = 30_000, retentionHours = 168, batch = 512 } = this.options;
    const isDue = schedule({ locks: 0, backlog: 0, purge: firstPurgeMs, sweep: sweepMs });
    for (;;) {
      const lastPass = this.stopping;
      if (session.held.size < partitions.length && isDue('locks', lockRetryMs)) await session.takeLocks();
      if (isDue('backlog', backlogMs)) this.backlog = await readBacklog(session);
      // The holder of partition 0 also does what concerns the whole table.
      const holdsFirst = session.held.has(0);
      if (holdsFirst && isDue('purge', purgeMs)) await purgePublished(session, retentionHours);
      if (holdsFirst && isDue('sweep', sweepMs)) this.publisher.compareFirst();
      const canPublish = session.held.size > 0 && this.options.health.connected;
      const published = canPublish ? await this.publisher.publishBatch(session, batch) : 0;
      if (lastPass) return;
      if (published < batch) await this.wakeSignal.wait(Math.min(pollMs, this.untilNextTaskMs(session, backlogMs)));
    }
  }
}

/** @returns A function that says whether a task is due, and if so plans its next run. */
function schedule<Task extends string>(firstInMs: Readonly<Record<Task, number>>) {
  const startedAt = performance.now();
  const dueAt = new Map<Task, number>();
  return (task: Task, everyMs: number): boolean => {
    const now = performance.now();
    if (now < (dueAt.get(task) ?? startedAt + firstInMs[task])) return false;
    dueAt.set(task, now + everyMs);
    return true;
  };
}
