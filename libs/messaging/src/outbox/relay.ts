import { setTimeout as sleep } from 'node:timers/promises';
import { streamOf } from '@causeway/contracts';
import { WakeSignal, withoutDeadline } from '@causeway/resilience';
import { getLogger, instruments, meter } from '@causeway/telemetry';
import { jetstream, JetStreamApiError, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type pg from 'pg';
import type { BrokerHealth } from '../health.js';
import type { TopologyKeeper } from '../topology/keeper.js';
import { Backoff } from './backoff.js';
import { byAggregate, publishRow } from './publish.js';
import { markPublished, purgePublished, readOldestAge, readPending, type PendingRow, type Published } from './rows.js';
import { partitions, RelaySession } from './session.js';
import { republish, sweep } from './sweep.js';

const log = getLogger('outbox');

export interface RelayOptions {
  readonly service: string;
  /** How to reach the service's database. The relay opens one connection of its own. */
  readonly connection: pg.ClientConfig;
  readonly nc: NatsConnection;
  readonly health: BrokerHealth;
  readonly keeper: TopologyKeeper;
  /** Streams that this service publishes to. */
  readonly streams: readonly string[];
  /** Default 250. */
  readonly pollMs?: number;
  /** Default 30 000. */
  readonly sweepMs?: number;
  /** Default 168. */
  readonly retentionHours?: number;
  /** Rows per partition and pass. Default 512 (measured: 128 gives half the throughput). */
  readonly batch?: number;
}

const lockRetryMs = 1_000;
const ageMs = 5_000;
const purgeMs = 3_600_000;
const reopenMs = 500;

/**
 * Takes messages from the outbox to the broker: at least once, in order within an aggregate, many aggregates at a time.
 *
 * The outbox has four partitions (hash of the aggregate id), each behind an advisory lock; instances share them by who comes first, and a
 * partition whose instance died is taken over within a second. `wake()` after a commit makes it immediate; polling covers the rest.
 */
export class OutboxRelay {
  private readonly js: JetStreamClient;
  private readonly wakeSignal = new WakeSignal();
  private readonly backoff = new Backoff();
  private readonly created = new Map<string, string>();
  private readonly newest = new Map<string, number>();
  private sweepDue = true;
  private stopping = false;
  private running: Promise<void> | undefined;
  private wakeSubscription: Subscription | undefined;
  private otherInstanceWokenAt = 0;
  private age = 0;
  private session: RelaySession | undefined;
  private unsubscribes: (() => void)[] = [];

  constructor(private readonly options: RelayOptions) {
    this.js = jetstream(options.nc);
  }

  /** Seconds since the oldest message that is not published yet was added, as of at most 5 s ago. */
  get oldestAgeSeconds(): number {
    return this.age;
  }

  /** The partitions that this instance relays right now. */
  get heldPartitions(): readonly number[] {
    return [...(this.session?.held ?? [])].sort();
  }

  /** Looks for new rows now. Cheap, may be called as often as one likes; also reaches the instance that holds the other partitions. */
  wake(): void {
    this.wakeSignal.wake();
    const now = performance.now();
    const shared = (this.session?.held.size ?? 0) < partitions.length;
    if (!shared || !this.options.health.connected || now - this.otherInstanceWokenAt < 10) return;
    this.otherInstanceWokenAt = now;
    this.options.nc.publish(this.wakeSubject);
  }

  start(): void {
    if (this.running) return;
    const { nc, health, keeper } = this.options;
    this.wakeSubscription = nc.subscribe(this.wakeSubject, { callback: () => this.wakeSignal.wake() });
    this.unsubscribes = [
      // Whatever the broker lost must be known before anything new is stored in its place.
      health.onDisconnect(() => {
        this.sweepDue = true;
        this.wakeSignal.wake();
      }),
      keeper.onRestored(() => {
        this.sweepDue = true;
        this.backoff.clear();
        this.wakeSignal.wake();
      }),
      meter('messaging').gauge(
        instruments.outboxOldestAge,
        { description: 'Age of the oldest message that is not published yet', unit: 's' },
        (observe) => observe(this.age),
      ),
    ];
    this.running = withoutDeadline(() => this.run());
  }

  /** One last pass, so that what was committed a moment ago does not wait for another instance; then frees the partitions. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeSignal.wake();
    this.unsubscribes.forEach((unsubscribe) => unsubscribe());
    this.unsubscribes = [];
    await this.running;
    this.wakeSubscription?.unsubscribe();
  }

  private get wakeSubject(): string {
    return `causeway.outbox.wake.${this.options.service}`;
  }

  private async run(): Promise<void> {
    let quiet = false;
    while (!this.stopping) {
      try {
        this.session = await RelaySession.open(this.options.connection);
        quiet = false;
        await this.relay(this.session);
      } catch (error) {
        if (!quiet && !this.stopping)
          log.warn({ reason: String(error) }, 'the outbox relay cannot reach its database; trying again');
        quiet = true;
        if (!this.stopping) await sleep(reopenMs);
      } finally {
        await this.session?.close();
        this.session = undefined;
      }
    }
  }

  /** Works until the session is lost (throws) or the relay is stopped (returns). */
  private async relay(session: RelaySession): Promise<void> {
    const { pollMs = 250, sweepMs = 30_000, retentionHours = 168, batch = 512 } = this.options;
    const due = { locks: 0, age: 0, purge: performance.now() + 60_000, sweep: performance.now() + sweepMs };
    const isDue = (task: keyof typeof due, everyMs: number): boolean => {
      const now = performance.now();
      if (now < due[task]) return false;
      due[task] = now + everyMs;
      return true;
    };
    for (;;) {
      const last = this.stopping;
      if (session.held.size < partitions.length && isDue('locks', lockRetryMs)) await session.takeLocks();
      if (isDue('age', ageMs)) this.age = await readOldestAge(session);
      const first = session.held.has(0); // one instance does what is not per partition
      if (first && isDue('purge', purgeMs)) await purgePublished(session, retentionHours);
      if (first && isDue('sweep', sweepMs)) this.sweepDue = true;
      const taken = session.held.size > 0 && this.options.health.connected ? await this.pass(session, batch) : 0;
      if (last) return;
      if (taken < batch) await this.wakeSignal.wait(pollMs);
    }
  }

  /** Publishes one batch. Returns how many rows it took to the broker. */
  private async pass(session: RelaySession, batch: number): Promise<number> {
    if (this.sweepDue && !(await this.compareWithStreams(session))) return 0;
    const rows = await readPending(session, batch, this.backoff.blocked);
    if (rows.length === 0) return 0;
    const startedAt = new Date();
    const newestBefore = new Map(this.newest);
    const done: Published[] = [];
    const lost = new Map<string, number>();
    await Promise.all(byAggregate(rows).map((group) => this.publishInOrder(group, session, done, newestBefore, lost)));
    await markPublished(session, done);
    for (const [stream, lostFrom] of lost) await this.republishLost(session, stream, lostFrom, startedAt);
    return done.length;
  }

  private async publishInOrder(
    group: readonly PendingRow[],
    session: RelaySession,
    done: Published[],
    newestBefore: ReadonlyMap<string, number>,
    lost: Map<string, number>,
  ): Promise<void> {
    for (const row of group) {
      if (session.lost || !this.options.health.connected) return;
      try {
        const ack = await this.options.health.whileConnected(publishRow(this.js, row));
        done.push({
          id: row.id,
          stream: ack.stream,
          sequence: ack.seq,
          streamCreatedAt: await this.createdAt(ack.stream),
        });
        this.backoff.succeeded(row);
        // Stored before something that was stored earlier: the stream has lost its end without our connection noticing.
        if (!ack.duplicate && ack.seq <= (newestBefore.get(ack.stream) ?? 0)) {
          lost.set(ack.stream, Math.min(ack.seq, lost.get(ack.stream) ?? Infinity));
        }
        this.newest.set(ack.stream, Math.max(ack.seq, this.newest.get(ack.stream) ?? 0));
      } catch (error) {
        return this.publishFailed(row, error);
      }
    }
  }

  private publishFailed(row: PendingRow, error: unknown): void {
    const refused =
      (error instanceof JetStreamApiError && error.status < 500) || /MAX_PAYLOAD|max_payload/i.test(String(error));
    this.backoff.failed(row, refused);
    const level = refused ? 'error' : 'warn';
    log[level](
      { id: row.id, subject: row.subject, reason: String(error) },
      'a message could not be published; it stays in the outbox',
    );
    if (!refused && this.options.health.connected) void this.options.keeper.restore().catch(() => undefined);
  }

  /** Returns false when the broker cannot say yet what it has. */
  private async compareWithStreams(session: RelaySession): Promise<boolean> {
    this.sweepDue = false;
    try {
      const jsm = await jetstreamManager(this.options.nc, { checkAPI: false });
      const created = await sweep(session, jsm, this.options.streams);
      this.created.clear();
      this.newest.clear();
      for (const [stream, at] of created) this.created.set(stream, at);
      return true;
    } catch (error) {
      this.sweepDue = true;
      if (session.lost) throw error;
      log.warn({ reason: String(error) }, 'cannot compare the outbox with the streams yet');
      return false;
    }
  }

  private async createdAt(stream: string): Promise<string> {
    const known = this.created.get(stream);
    if (known !== undefined) return known;
    const jsm = await jetstreamManager(this.options.nc, { checkAPI: false });
    const { created } = await jsm.streams.info(stream);
    this.created.set(stream, created);
    return created;
  }

  private async republishLost(session: RelaySession, stream: string, lostFrom: number, before: Date): Promise<void> {
    this.newest.delete(stream);
    this.created.delete(stream);
    const info = await (await jetstreamManager(this.options.nc, { checkAPI: false })).streams.info(stream);
    await republish(session, info, lostFrom, 'regressed', before);
    this.sweepDue = true;
  }
}

/** The streams that messages of these owners go to. */
export const streamsOf = (subjects: readonly string[]): string[] => [
  ...new Set(subjects.map((subject) => streamOf(subject).name)),
];
