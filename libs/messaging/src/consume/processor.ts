import { setTimeout as sleep } from 'node:timers/promises';
import { durableName, type ConsumerDefinition, type Envelope } from '@causeway/contracts';
import { asWork, Deadline, fullJitterMs, isOverload, withDeadline, withTimeout } from '@causeway/resilience';
import { errorType, extractTrace, failSpan, getLogger, inSpan, instruments, meter } from '@causeway/telemetry';
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { SpanKind, type Span } from '@opentelemetry/api';
import { parseEnvelope } from '../envelope.js';
import { HandlerTimeout, MessageAbandoned } from '../errors.js';
import { sendToDeadLetters } from './dead-letters.js';
import { traceCarrier } from './headers.js';
import { consumerLimits } from './limits.js';
import type { Message } from './message.js';
import { deliveryOutcomeOf } from './delivery-outcome.js';

const log = getLogger('messaging');
const duration = meter('messaging').duration(
  instruments.messagingProcessDuration,
  'Time from delivery to acknowledgement',
);

export type Handler = (message: Message) => Promise<unknown>;

export interface ProcessorOptions {
  readonly handlerMs?: number;
  readonly random?: () => number;
  /** How often a message that is held back is tried, and the broker told that it is still being worked on. Default 5 000 ms. */
  readonly waitCapMs?: number;
}

/**
 * Takes one delivered message to its end: acknowledged after the handler (and so its transaction) is done, handed back with a delay, or
 * stored as a dead letter and terminated. Never throws; a message left without an answer is redelivered after `ackWaitMs`.
 */
export class Processor {
  private readonly consumer: string;
  private readonly stopping = new AbortController();

  constructor(
    private readonly definition: ConsumerDefinition,
    private readonly js: JetStreamClient,
    private readonly handler: Handler,
    private readonly options: ProcessorOptions = {},
  ) {
    this.consumer = durableName(definition);
  }

  /** Messages that only wait for the database are handed back at once, those being handled go on. */
  stop(): void {
    this.stopping.abort();
  }

  async process(message: JsMsg): Promise<void> {
    const startedAt = performance.now();
    const { subject } = this.definition.message;
    const attributes = {
      'messaging.system': 'nats',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': subject,
      'messaging.consumer.group.name': this.consumer,
    };
    let failure: unknown;
    const parent = extractTrace(traceCarrier(message.headers));
    try {
      await inSpan(`process ${subject}`, { kind: SpanKind.CONSUMER, parent, attributes }, async (span) => {
        failure = await this.deliver(message, span);
        if (failure !== undefined) failSpan(span, failure);
      });
    } catch (error) {
      failure = error;
      log.error(
        { err: error, consumer: this.consumer },
        'a message could not be settled; the broker delivers it again',
      );
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    duration.record(seconds, { ...attributes, ...(failure !== undefined && { 'error.type': errorType(failure) }) });
  }

  /** Returns the error that the message ended with, or undefined when it was handled. */
  private async deliver(message: JsMsg, span: Span): Promise<unknown> {
    const attempt = message.info.deliveryCount;
    span.setAttributes({ 'messaging.nats.delivery_count': attempt, 'messaging.nats.stream_seq': message.seq });
    // The message may have waited for a slot: start its ack_wait anew, so that it is not redelivered while it is handled.
    message.working();
    let messageId = `${message.info.stream}:${message.seq}`;
    try {
      const envelope = parseEnvelope(this.definition.message, message.data);
      messageId = envelope.id;
      span.setAttribute('messaging.message.id', envelope.id);
      if (attempt >= consumerLimits.abandonAt) throw new MessageAbandoned(attempt);
      await this.handle(message, envelope, attempt);
      message.ack();
      return undefined;
    } catch (error) {
      await this.failed(message, messageId, error, attempt);
      return error;
    }
  }

  /** Runs the handler, again and again while only the database is missing, or a place for the work. */
  private async handle(message: JsMsg, envelope: Envelope, attempt: number): Promise<void> {
    for (let round = 1; ; round += 1) {
      try {
        return await this.runOnce(envelope, attempt);
      } catch (error) {
        if (deliveryOutcomeOf(error, attempt).kind !== 'wait' || this.stopping.signal.aborted) throw error;
        if (round === 1) this.held(error, envelope.id);
      }
      const { waitCapMs = 5_000, random } = this.options;
      await sleep(fullJitterMs(round, 250, waitCapMs, random), undefined, { signal: this.stopping.signal }).catch(
        () => undefined,
      );
      message.working();
    }
  }

  /** To have much to do is nothing that an operator must know of. */
  private held(error: unknown, messageId: string): void {
    const about = { consumer: this.consumer, messageId };
    if (isOverload(error)) log.debug(about, 'too much work at the moment; holding the message back');
    else log.warn(about, 'the database is away; holding the message back');
  }

  private async runOnce(envelope: Envelope, attempt: number): Promise<void> {
    const limitMs = this.options.handlerMs ?? consumerLimits.handlerMs;
    const { id, subject: aggregateId, data, time } = envelope;
    const { subject } = this.definition.message;
    const delivery = { consumer: this.consumer, messageId: id };
    const message = { data, id, subject, aggregateId, time: new Date(time), delivery, attempt };
    await withTimeout(
      limitMs,
      () => withDeadline(Deadline.after(limitMs), () => asWork('message', () => this.handler(message))),
      () => new HandlerTimeout(subject, limitMs),
    );
  }

  private async failed(message: JsMsg, messageId: string, error: unknown, attempt: number): Promise<void> {
    const outcome = deliveryOutcomeOf(error, attempt, this.options.random);
    switch (outcome.kind) {
      case 'wait': // only when stopping: another instance, or this one after its restart, takes it
        message.nak();
        return;
      case 'retry':
        log.warn(
          { err: error, consumer: this.consumer, messageId, attempt, delayMs: outcome.delayMs },
          'a message failed; it comes back',
        );
        message.nak(Math.max(1, Math.round(outcome.delayMs)));
        return;
      case 'dead-letter':
        await sendToDeadLetters(this.js, this.consumer, message, { messageId, error, summary: outcome.why });
        // Without a reason: nats-server 2.9 ignores `term(reason)` and delivers the message again.
        message.term();
    }
  }
}
