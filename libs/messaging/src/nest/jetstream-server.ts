import {
  durableName,
  streamOf,
  streams,
  type ConsumerDefinition,
  type MessageDefinition,
  type RpcDefinition,
} from '@causeway/contracts';
import { Admission, finishesWithin } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { consumerLimits } from '../consume/limits.js';
import { Processor, type ProcessorOptions } from '../consume/processor.js';
import { Subscription } from '../consume/subscription.js';
import { DuplicateHandler, MessageUnhandled } from '../errors.js';
import type { BrokerHealth } from '../health.js';
import { RpcServer } from '../rpc/server.js';
import type { TopologyKeeper } from '../topology/keeper.js';
import { jetStreamTransport, type HandlerExtras } from './handles.js';

const log = getLogger('messaging');
const stopLimitMs = 25_000;

export interface JetStreamServerOptions {
  readonly service: string;
  readonly nc: NatsConnection;
  readonly health: BrokerHealth;
  readonly keeper: TopologyKeeper;
  /** Who handles what, of all services. */
  readonly consumers: readonly ConsumerDefinition[];
  /** Handlers at a time, over all consumers. Default `consumerLimits.concurrency`. */
  readonly concurrency?: number;
  readonly processor?: ProcessorOptions;
}

interface Bound {
  readonly processor: Processor;
  readonly subscription: Subscription;
}

/**
 * Nest's transport for JetStream and core-NATS RPC: binds `@Handles` and `@HandlesRpc` methods.
 * @example app.connectMicroservice({ strategy: jetStreamServer(app) }); await app.startAllMicroservices();
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly transportId = jetStreamTransport;
  /** Nest hands errors of event handlers to us instead of logging and dropping them. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly js: JetStreamClient;
  private readonly slots: Admission;
  private bound: Bound[] = [];
  private rpcs: RpcServer[] = [];
  private stopListening: (() => void) | undefined;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: JetStreamServerOptions) {
    super();
    this.js = jetstream(options.nc);
    this.slots = new Admission('messages', options.concurrency ?? consumerLimits.concurrency);
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const subject = this.normalizePattern(pattern as string);
    // Nest would run both for one delivery; when one of them fails, the other's work is done again.
    if (this.messageHandlers.has(subject)) throw new DuplicateHandler(this.options.service, subject);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const handled = this.bindAll();
      const used = streams.filter(({ name }) => handled.some(({ message }) => streamOf(message.subject).name === name));
      const deadLetters = streams.filter(({ name }) => name === 'DLQ' && handled.length > 0);
      await this.options.keeper.need({ streams: [...new Set([...used, ...deadLetters])], consumers: handled });
      for (const { subscription } of this.bound) subscription.start();
      for (const rpc of this.rpcs) rpc.start();
      this.stopListening = this.options.keeper.onRestored(() =>
        this.bound.forEach(({ subscription }) => subscription.restart()),
      );
      log.info({ consumers: this.bound.length, rpcs: this.rpcs.length }, 'handling messages');
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Stops pulling and taking requests; resolves when the handlers in flight are done, after 25 s at the latest. Idempotent. */
  close(): Promise<void> {
    this.stopped ??= this.stop();
    return this.stopped;
  }

  on(): never {
    throw new Error('JetStreamServer has no events of its own; see BrokerHealth');
  }

  unwrap<T>(): T {
    return this.options.nc as T;
  }

  private bindAll(): ConsumerDefinition[] {
    const handled: ConsumerDefinition[] = [];
    for (const handler of this.messageHandlers.values()) {
      const extras = handler.extras as HandlerExtras;
      if ('rpc' in extras) this.bindRpc(extras.rpc, handler);
      else handled.push(this.bindConsumer(extras.definition, handler));
    }
    const unhandled = this.options.consumers.filter(
      (declared) => declared.service === this.options.service && !handled.includes(declared),
    );
    if (unhandled.length > 0) {
      const subjects = unhandled.map(({ message }) => message.subject);
      log.warn({ subjects }, 'declared in the topology, but this build has no handler for it: its messages pile up');
    }
    return handled;
  }

  private bindConsumer(message: MessageDefinition, handler: MessageHandler): ConsumerDefinition {
    const { service, consumers, health, keeper } = this.options;
    const definition = consumers.find(
      (declared) => declared.service === service && declared.message.subject === message.subject,
    );
    if (!definition) throw new MessageUnhandled(service, message.subject);
    const run = (received: unknown) => resultOf(handler(received, { subject: message.subject }));
    const processor = new Processor(definition, this.js, run, this.options.processor);
    const subscription = new Subscription(this.js, {
      stream: streamOf(message.subject).name,
      durable: durableName(definition),
      health,
      slots: this.slots,
      process: (received) => processor.process(received),
      restore: () => keeper.restore(),
    });
    this.bound.push({ processor, subscription });
    return definition;
  }

  private bindRpc(definition: RpcDefinition, handler: MessageHandler): void {
    const { nc, service } = this.options;
    const run = (request: unknown) => resultOf(handler(request, { subject: definition.subject }));
    this.rpcs.push(new RpcServer(nc, service, definition, run));
  }

  private async stop(): Promise<void> {
    this.stopListening?.();
    for (const { processor } of this.bound) processor.stop();
    const done = Promise.all([
      ...this.bound.map(({ subscription }) => subscription.stop()),
      ...this.rpcs.map((rpc) => rpc.stop()),
    ]);
    const finished = await finishesWithin(stopLimitMs, done);
    this.slots.close();
    if (!finished) log.warn('handlers were still running after 25 s; their messages are delivered again');
  }
}

/** Nest answers with a promise of a value or of an observable; an observable may carry the error. */
async function resultOf(result: unknown): Promise<unknown> {
  const value = await result;
  return isObservable(value) ? lastValueFrom(value, { defaultValue: undefined }) : value;
}
