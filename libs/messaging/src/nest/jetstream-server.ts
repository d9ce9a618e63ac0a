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
import { observeConsumers } from '../consume/consumer-metrics.js';
import { consumerLimits } from '../consume/limits.js';
import { Processor, type ProcessorOptions } from '../consume/processor.js';
import { Subscription } from '../consume/subscription.js';
import { DuplicateHandler, MessageUnhandled } from '../errors.js';
import type { BrokerHealth } from '../health.js';
import { RpcServer } from '../rpc/server.js';
import type { TopologyKeeper } from '../topology/keeper.js';
import { jetStreamTransport, type HandlerExtras } from './handles.js';

const log = getLogger('messaging');
/** A stop waits this long for running handlers. Longer than the limit of one run. */
const stopTimeoutMs = 25_000;

export interface JetStreamServerOptions {
  readonly service: string;
  readonly nc: NatsConnection;
  readonly health: BrokerHealth;
  readonly keeper: TopologyKeeper;
  /** The consumers of all services. */
  readonly consumers: readonly ConsumerDefinition[];
  /** Messages that are handled at a time, over all consumers. Default `consumerLimits.concurrency`. */
  readonly concurrency?: number;
  readonly processor?: ProcessorOptions;
}

interface BoundConsumer {
  readonly processor: Processor;
  readonly subscription: Subscription;
}

/**
 * Nest's transport for JetStream and for RPC over core NATS: it binds `@Handles` and `@HandlesRpc` methods.
 *
 * `listen` makes sure that the streams and consumers exist, then starts one `Subscription` per handled message and one
 * `RpcServer` per RPC. `Processor` is where a message is handled and acknowledged.
 * @example app.connectMicroservice({ strategy: jetStreamServer(app) }); await app.startAllMicroservices();
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly transportId = jetStreamTransport;
  /** Without this Nest would log the errors of event handlers and drop them. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly js: JetStreamClient;
  private readonly slots: Admission;
  private readonly consumers: BoundConsumer[] = [];
  private readonly rpcs: RpcServer[] = [];
  private stopListening: (() => void) | undefined;
  private stopObserving: (() => void) | undefined;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: JetStreamServerOptions) {
    super();
    this.js = jetstream(options.nc);
    this.slots = new Admission('messages', options.concurrency ?? consumerLimits.concurrency);
  }

  /** The RPCs that this instance answers, each with what it has answered so far. */
  get served(): readonly Pick<RpcServer, 'definition' | 'statistics'>[] {
    return this.rpcs;
  }

  /** Nest calls it for each decorated method, before `listen`. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const subject = this.normalizePattern(pattern as string);
    // Nest would run both for one delivery; when one of them fails, the work of the other is repeated.
    if (this.messageHandlers.has(subject)) throw new DuplicateHandler(this.options.service, subject);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    const { nc, health, keeper } = this.options;
    try {
      const handled = this.bindHandlers();
      this.warnOfUnhandled(handled);
      await keeper.need({ streams: streamsOf(handled), consumers: handled });
      for (const { subscription } of this.consumers) subscription.start();
      for (const rpc of this.rpcs) rpc.start();
      const places = handled.map((each) => ({
        stream: streamOf(each.message.subject).name,
        durable: durableName(each),
      }));
      this.stopObserving = observeConsumers(nc, health, places);
      this.stopListening = keeper.onRestored(() =>
        this.consumers.forEach(({ subscription }) => subscription.restart()),
      );
      log.info({ consumers: this.consumers.length, rpcs: this.rpcs.length }, 'handling messages');
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Stops pulling and accepting requests. Resolves when running handlers are done, or after 25 s. Idempotent. */
  close(): Promise<void> {
    this.stopped ??= this.stop();
    return this.stopped;
  }

  on(): never {
    throw new Error('JetStreamServer emits no events; use BrokerHealth');
  }

  unwrap<T>(): T {
    return this.options.nc as T;
  }

  /** @returns The consumers that have a handler. */
  private bindHandlers(): ConsumerDefinition[] {
    const handled: ConsumerDefinition[] = [];
    for (const handler of this.messageHandlers.values()) {
      const extras = handler.extras as HandlerExtras;
      if ('rpc' in extras) this.bindRpc(extras.rpc, handler);
      else handled.push(this.bindConsumer(extras.definition, handler));
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
    this.consumers.push({ processor, subscription });
    return definition;
  }

  private bindRpc(definition: RpcDefinition, handler: MessageHandler): void {
    const { nc, service } = this.options;
    const run = (request: unknown) => resultOf(handler(request, { subject: definition.subject }));
    this.rpcs.push(new RpcServer(nc, service, definition, run));
  }

  private warnOfUnhandled(handled: readonly ConsumerDefinition[]): void {
    const { service, consumers } = this.options;
    const unhandled = consumers.filter((declared) => declared.service === service && !handled.includes(declared));
    if (unhandled.length === 0) return;
    const subjects = unhandled.map(({ message }) => message.subject);
    log.warn({ subjects }, 'this build has no handler for messages that the topology assigns to it; they pile up');
  }

  private async stop(): Promise<void> {
    this.stopListening?.();
    this.stopObserving?.();
    const stopped = Promise.all([...this.consumers.map(stopConsumer), ...this.rpcs.map((rpc) => rpc.stop())]);
    const finished = await finishesWithin(stopTimeoutMs, stopped);
    this.slots.close();
    if (!finished) log.warn('handlers still running after 25 s; stopping anyway, their messages will be redelivered');
  }
}

/** The processor hands messages back, too, so it stops only after the pulls. */
async function stopConsumer({ subscription, processor }: BoundConsumer): Promise<void> {
  await subscription.stopPulling();
  processor.stop();
  await subscription.idle();
}

/** The streams that hold the messages of these consumers, and the one for their dead letters. */
function streamsOf(handled: readonly ConsumerDefinition[]) {
  if (handled.length === 0) return [];
  const names = new Set(['DLQ', ...handled.map(({ message }) => streamOf(message.subject).name)]);
  return streams.filter(({ name }) => names.has(name));
}

/** Nest's handlers resolve to a value or to an observable, which may carry the error. */
async function resultOf(result: unknown): Promise<unknown> {
  const value = await result;
  return isObservable(value) ? lastValueFrom(value, { defaultValue: undefined }) : value;
}
