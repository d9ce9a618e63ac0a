import { getLogger } from '@causeway/telemetry';
import { jetstream, JetStreamApiError, jetstreamManager, type JetStreamClient, type PubAck } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { BrokerHealth } from '../health.js';
import type { TopologyKeeper } from '../topology/keeper.js';
import { Backoff } from './backoff.js';
import { publishRow } from './publish-row.js';
import { markPublished, readPending, type PendingRow, type Published } from './rows.js';
import type { RelaySession } from './session.js';
import { republish, sweep } from './sweep.js';

const log = getLogger('outbox');

/** Pause before outbox and streams are compared again, after the broker could not say what it holds. */
const comparisonRetryMs = 250;

export interface PublisherOptions {
  readonly nc: NatsConnection;
  readonly health: BrokerHealth;
  readonly keeper: TopologyKeeper;
  /** The streams that this service publishes to. */
  readonly streams: readonly string[];
}

/** What one batch has done so far. */
interface Batch {
  readonly published: Published[];
  /** The newest sequence of each stream when the batch began. */
  readonly newestBefore: ReadonlyMap<string, number>;
  /** By stream: the sequence from which on its earlier messages are lost. */
  readonly lostFrom: Map<string, number>;
}

/**
 * Publishes pending rows, one batch per call, and notices when the broker has lost messages.
 *
 * Whatever was lost must be known before anything new is stored in its place. So the first batch, and the first one
 * after a disconnect, begin with a comparison of outbox and streams, and nothing is published until that succeeds.
 */
export class OutboxPublisher {
  private readonly js: JetStreamClient;
  private readonly backoff = new Backoff();
  /** The creation time of each stream, and the newest sequence at which a message of ours was stored. */
  private readonly streamCreatedAt = new Map<string, string>();
  private readonly newest = new Map<string, number>();
  private comparisonDue = true;

  constructor(private readonly options: PublisherOptions) {
    this.js = jetstream(options.nc);
  }

  /** @returns How many rows were published. */
  async publishBatch(session: RelaySession, limit: number): Promise<number> {
    if (this.comparisonDue && !(await this.compareWithStreams(session))) return 0;
    const rows = await readPending(session, limit, this.backoff.beginPass());
    if (rows.length === 0) return 0;
    const startedAt = new Date();
    const batch: Batch = { published: [], newestBefore: new Map(this.newest), lostFrom: new Map() };
    await Promise.all(byAggregate(rows).map((group) => this.publishInOrder(group, session, batch)));
    await markPublished(session, batch.published);
    for (const [stream, lostFrom] of batch.lostFrom) await this.republishLost(session, stream, lostFrom, startedAt);
    return batch.published.length;
  }

  /** Compares outbox and streams before the next batch. */
  compareFirst(): void {
    this.comparisonDue = true;
  }

  /** Milliseconds until something that failed is due again; Infinity when nothing has failed. */
  get untilRetryMs(): number {
    return this.comparisonDue ? comparisonRetryMs : this.backoff.untilNextMs;
  }

  /** Ends the back-off of everything that failed. */
  retryNow(): void {
    this.backoff.clear();
  }

  /** Publishes the rows of one aggregate, each after the one before it is stored. Stops at the first failure. */
  private async publishInOrder(group: readonly PendingRow[], session: RelaySession, batch: Batch): Promise<void> {
    for (const row of group) {
      if (session.lost || !this.options.health.connected) return;
      try {
        const ack = await this.options.health.whileConnected(publishRow(this.js, row));
        const streamCreatedAt = await this.createdAt(ack.stream);
        batch.published.push({ id: row.id, stream: ack.stream, sequence: ack.seq, streamCreatedAt });
        this.backoff.succeeded(row);
        this.noteSequence(ack, batch);
      } catch (error) {
        return this.noteFailure(row, error);
      }
    }
  }

  private noteSequence({ stream, seq, duplicate }: PubAck, { newestBefore, lostFrom }: Batch): void {
    // Stored before a message that was stored earlier: the stream lost its end, and our connection did not notice.
    if (!duplicate && seq <= (newestBefore.get(stream) ?? 0)) {
      lostFrom.set(stream, Math.min(seq, lostFrom.get(stream) ?? Infinity));
    }
    this.newest.set(stream, Math.max(seq, this.newest.get(stream) ?? 0));
  }

  private noteFailure(row: PendingRow, error: unknown): void {
    const refused = isRefusal(error);
    this.backoff.failed(row, refused);
    log[refused ? 'error' : 'warn'](
      { messageId: row.id, subject: row.subject, reason: String(error) },
      refused
        ? 'broker refused a message; retrying it, and holding back later ones of its aggregate'
        : 'publishing a message failed; it stays in the outbox and is retried within 10 s',
    );
    if (!refused && this.options.health.connected) void this.options.keeper.restore().catch(() => undefined);
  }

  /** @returns False when the broker cannot say yet what it holds. */
  private async compareWithStreams(session: RelaySession): Promise<boolean> {
    this.comparisonDue = false;
    try {
      const jsm = await jetstreamManager(this.options.nc, { checkAPI: false });
      const created = await sweep(session, jsm, this.options.streams);
      this.streamCreatedAt.clear();
      this.newest.clear();
      for (const [stream, at] of created) this.streamCreatedAt.set(stream, at);
      return true;
    } catch (error) {
      this.comparisonDue = true;
      if (session.lost) throw error;
      log.warn(
        { reason: String(error) },
        'cannot compare the outbox with the streams yet; publishing nothing until then',
      );
      return false;
    }
  }

  private async republishLost(session: RelaySession, stream: string, lostFrom: number, before: Date): Promise<void> {
    this.newest.delete(stream);
    this.streamCreatedAt.delete(stream);
    const jsm = await jetstreamManager(this.options.nc, { checkAPI: false });
    await republish(session, await jsm.streams.info(stream), lostFrom, 'regressed', before);
    this.comparisonDue = true;
  }

  private async createdAt(stream: string): Promise<string> {
    const known = this.streamCreatedAt.get(stream);
    if (known !== undefined) return known;
    const jsm = await jetstreamManager(this.options.nc, { checkAPI: false });
    const { created } = await jsm.streams.info(stream);
    this.streamCreatedAt.set(stream, created);
    return created;
  }
}

/** True when the broker refused this message, rather than being unable to take any for its stream. */
const isRefusal = (error: unknown): boolean =>
  (error instanceof JetStreamApiError && error.status < 500) || /max_payload/i.test(String(error));

/** Groups rows by aggregate; each group keeps the order of its rows. */
export function byAggregate(rows: readonly PendingRow[]): PendingRow[][] {
  const groups = new Map<string, PendingRow[]>();
  for (const row of rows) {
    const key = `${row.aggregate_type}/${row.aggregate_id}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}
