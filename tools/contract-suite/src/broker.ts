import type { ContractRecord, RecordedContract } from '@causeway/contracts/record';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect, headers, nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from './broken.js';
import type { CloudEvent } from './envelope.js';
import { suiteAccount } from './nats-account.js';

/** A message as it was on the wire. */
export interface SeenMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
  /** Undefined when the payload is no JSON. */
  readonly envelope: Partial<CloudEvent> | undefined;
}

export interface Reply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** `order__payment-evt-authorized-v1` */
export const durableOf = (service: string, subject: string): string => `${service}__${subject.replaceAll('.', '-')}`;

/** What the declared topology promises a consumer; see docs/guides/messaging.md. */
const limits = { ackWaitMs: 30_000, maxDeliver: 15, maxAckPending: 256, maxAgeMs: 604_800_000, duplicateMs: 600_000 };

/** The broker, seen by somebody who may do everything: it plays the other services, and watches this one. */
export class Broker {
  readonly seen: SeenMessage[] = [];
  private nc!: NatsConnection;
  private jsm!: JetStreamManager;

  constructor(
    private readonly record: ContractRecord,
    private readonly url: string,
  ) {}

  /** Creates streams and consumers, as the provisioning step of a deployment does, and listens to all of them. */
  async open(): Promise<void> {
    this.nc = await connect({ ...suiteAccount, servers: this.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    this.jsm = await jetstreamManager(this.nc);
    const streams = { ...this.record.streams, DLQ: ['dlq.>'] };
    for (const [name, subjects] of Object.entries(streams)) {
      await this.jsm.streams.add({
        name,
        subjects: [...subjects],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.New,
        max_age: nanos(limits.maxAgeMs),
        duplicate_window: nanos(limits.duplicateMs),
        num_replicas: 1,
      });
      for (const subject of subjects)
        this.nc.subscribe(subject, { callback: (_, message) => void this.seen.push(seenMessage(message)) });
    }
    for (const [subject, { stream }] of this.consumed()) {
      await this.jsm.consumers.add(stream!, {
        durable_name: durableOf(this.record.service, subject),
        filter_subject: subject,
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(limits.ackWaitMs),
        max_deliver: limits.maxDeliver,
        max_ack_pending: limits.maxAckPending,
      });
    }
  }

  /** The messages that the service handles. */
  consumed(): [subject: string, contract: RecordedContract][] {
    return Object.entries(this.record.contracts).filter(([, { consumers }]) =>
      consumers?.includes(this.record.service),
    );
  }

  /** Stores a message in its stream. @returns its sequence */
  async publish(
    subject: string,
    payload: string | Buffer,
    { messageId, traceparent }: { readonly messageId?: string; readonly traceparent?: string } = {},
  ): Promise<number> {
    const fields = headers();
    if (traceparent !== undefined) fields.set('traceparent', traceparent);
    const ack = await jetstream(this.nc).publish(subject, payload, {
      headers: fields,
      ...(messageId !== undefined && { msgID: messageId }),
    });
    return ack.seq;
  }

  /** Waits until the consumer of a message has acknowledged or given up everything in its stream. */
  async settled(subject: string, sequence: number): Promise<void> {
    const { stream } = this.record.contracts[subject]!;
    const durable = durableOf(this.record.service, subject);
    await eventually(`${durable} acknowledges or terminates message ${sequence} of ${stream}`, async () => {
      const info = await this.jsm.consumers.info(stream!, durable);
      return info.num_pending === 0 && info.num_ack_pending === 0 && info.delivered.stream_seq >= sequence;
    });
  }

  /** The dead letters of a consumer so far. */
  deadLetters(subject: string): SeenMessage[] {
    const wanted = `dlq.${durableOf(this.record.service, subject)}`;
    return this.seen.filter((message) => message.subject === wanted);
  }

  /** The messages that the service has published about a trace. */
  ofTrace(traceId: string): SeenMessage[] {
    return this.seen.filter(
      ({ subject, headers: { traceparent }, envelope }) =>
        this.isOurs(subject) && (traceparent?.includes(traceId) || envelope?.traceparent?.includes(traceId)),
    );
  }

  /** What the service itself has published. */
  published(): SeenMessage[] {
    return this.seen.filter(({ subject }) => this.isOurs(subject));
  }

  private isOurs(subject: string): boolean {
    const { kind, owner } = this.record.contracts[subject] ?? {};
    return (kind === 'event' && owner === this.record.service) || this.record.sends.includes(subject);
  }

  async request(subject: string, payload: string, fields: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const sent = headers();
    for (const [name, value] of Object.entries(fields)) sent.set(name, value);
    const reply = await this.nc.request(subject, payload, { timeout: 10_000, headers: sent });
    return { headers: headersOf(reply), body: parsed(Buffer.from(reply.data)) };
  }

  /** Plays the owner of an RPC that the service calls. */
  serve(subject: string, reply: (request: unknown) => unknown): void {
    this.nc.subscribe(subject, {
      callback: (_, message) => void message.respond(JSON.stringify(reply(message.json()))),
    });
  }

  /** Waits until this connection is back after the broker was. */
  async reconnected(): Promise<void> {
    await eventually('the suite is connected to the broker again', async () => {
      await this.nc.rtt();
      return true;
    });
  }

  async close(): Promise<void> {
    await this.nc.close();
  }
}

function headersOf({ headers: fields }: Msg): Record<string, string> {
  return Object.fromEntries((fields?.keys() ?? []).map((name) => [name, fields!.get(name)]));
}

function seenMessage(message: Msg): SeenMessage {
  const payload = Buffer.from(message.data);
  return {
    subject: message.subject,
    headers: headersOf(message),
    payload,
    envelope: parsed(payload) as Partial<CloudEvent> | undefined,
  };
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
