import { setTimeout as sleep } from 'node:timers/promises';
import { durableName, type ConsumerDefinition, type Envelope } from '@causeway/contracts';
import { asWork, Deadline, fullJitterMs, isOverload, withDeadline, withTimeout } from '@causeway/resilience';
import { about, errorType, extractTrace, failSpan, getLogger, inSpan, instruments, meter } from '@causeway/telemetry';
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { SpanKind, type Span } from '@opentelemetry/api';
import { parseEnvelope } from '../envelope.js';
import { HandlerTimeout, MessageAbandoned } from '../errors.js';
import { sendToDeadLetters } from './dead-letters.js';
import { deliveryOutcomeOf } from './delivery-outcome.js';
import { natsHeaders, traceCarrier } from './headers.js';
import { consumerLimits } from './limits.js';
import type { Message } from './message.js';

const log = getLogger('messaging');
const metrics = meter('causeway.messaging');
const duration = metrics.duration(instruments.messagingProcessDuration, 'Time from delivery to acknowledgement');
const age = metrics.wait(instruments.messageAge, 'Time from adding a message to the outbox to handling it');

export type Handler = (message: Message) => Promise<unknown>;

/** For tests: shorter limits, no jitter. */
export interface ProcessorOptions {
  /** Limit of one run of the handler, milliseconds. Default 20 000. */
  readonly handlerMs?: number;
  /** Source of the jitter, 0 to 1. Default Math.random. */
  readonly random?: () => number;
  /** Longest pause between two runs while a handler waits for the database or for capacity. Default 5 000. */
  readonly waitCapMs?: number;
}

/**
 * Takes one delivered message to its end. The rules of acknowledgement:
 *
 * - **ack** only after the handler has returned, so everything it did must be committed by then.
 * - **nak with a delay** when the handler failed and a retry can help: the broker redelivers the message.
 * - **term** only after the dead letter is stored: when no retry can help, or the attempts are used up.
 * - Otherwise nothing: the broker redelivers the message once its `ackWaitMs` is over.
 *
 * So a message may be handled twice, but is never lost; `uow.runOnce` makes the second time harmless. Which failure
 * leads to which end is the job of `deliveryOutcomeOf`. `process` never throws.
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
        failure = await this.handleAndAcknowledge(message, span);
        if (failure !== undefined) failSpan(span, failure);
      });
    } catch (error) {
      failure = error;
      log.error(
        { err: error, consumer: this.consumer },
        'message neither acknowledged nor stored as a dead letter; the broker will redeliver it',
      );
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    duration.record(seconds, { ...attributes, ...(failure !== undefined && { 'error.type': errorType(failure) }) });
  }

  /** Hands back messages that wait for the database or for capacity. Handlers that are running finish. */
  stop(): void {
    this.stopping.abort();
  }

  /** Returns the error that the message ended with, or undefined when it was handled. */
  private async handleAndAcknowledge(message: JsMsg, span: Span): Promise<unknown> {
    const attempt = message.info.deliveryCount;
    span.setAttributes({ 'messaging.nats.delivery_count': attempt, 'messaging.nats.stream_seq': message.seq });
    const replay = message.headers?.get(natsHeaders.replay);
    if (replay) span.setAttribute('causeway.replay.id', replay);
    let messageId = `${message.info.stream}:${message.seq}`;
    try {
      const envelope = parseEnvelope(this.definition.message, message.data);
      messageId = envelope.id;
      span.setAttribute('messaging.message.id', envelope.id);
      if (attempt >= consumerLimits.abandonAt) throw new MessageAbandoned(attempt);
      age.record(Math.max(0, Date.now() - Date.parse(envelope.time)) / 1_000, {
        'messaging.destination.name': envelope.type,
        'messaging.consumer.group.name': this.consumer,
      });
      await about(envelope.data, () => this.handle(message, envelope, attempt));
      message.ack();
      return undefined;
    } catch (error) {
      await this.endFailed(message, messageId, error, attempt);
      return error;
    }
  }

  /** Runs the handler, again and again while all it lacks is the database, or capacity. */
  private async handle(message: JsMsg, envelope: Envelope, attempt: number): Promise<void> {
    const { waitCapMs = 5_000, random } = this.options;
    const { signal } = this.stopping;
    for (let round = 1; ; round += 1) {
      try {
        return await this.runHandler(envelope, attempt);
      } catch (error) {
        if (deliveryOutcomeOf(error, attempt).kind !== 'wait' || signal.aborted) throw error;
        if (round === 1) this.logWait(error, envelope.id);
      }
      await sleep(fullJitterMs(round, 250, waitCapMs, random), undefined, { signal }).catch(() => undefined);
      message.working();
    }
  }

  private async runHandler(envelope: Envelope, attempt: number): Promise<void> {
    const limitMs = this.options.handlerMs ?? consumerLimits.handlerMs;
    const { id, subject: aggregateId, data, time } = envelope;
    const { subject } = this.definition.message;
    const delivery = { consumer: this.consumer, messageId: id, aggregate: aggregateId };
    const message = { data, id, subject, aggregateId, time: new Date(time), delivery, attempt };
    await withTimeout(
      limitMs,
      () => withDeadline(Deadline.after(limitMs), () => asWork('message', () => this.handler(message))),
      () => new HandlerTimeout(subject, limitMs),
    );
  }

  /** Overload is part of normal operation, so operators see a warning only when the database is away. */
  private logWait(error: unknown, messageId: string): void {
    const fields = { consumer: this.consumer, messageId };
    if (isOverload(error)) log.debug(fields, 'too much work right now; holding the message until there is capacity');
    else log.warn(fields, 'database unavailable; holding the message until it is back');
  }

  private async endFailed(message: JsMsg, messageId: string, error: unknown, attempt: number): Promise<void> {
    const outcome = deliveryOutcomeOf(error, attempt, this.options.random);
    switch (outcome.kind) {
      case 'wait': // Only when this instance stops: another one, or this one after its restart, gets the message.
        message.nak();
        return;
      case 'retry': {
        const delayMs = Math.max(1, Math.round(outcome.delayMs));
        log.warn(
          { err: error, consumer: this.consumer, messageId, attempt, delayMs },
          `message failed; redelivering in ${(delayMs / 1_000).toFixed(1)} s`,
        );
        message.nak(delayMs);
        return;
      }
      case 'dead-letter':
        await sendToDeadLetters(this.js, this.consumer, message, { messageId, error, summary: outcome.why });
        // Without a reason: nats-server 2.9 ignores `term(reason)` and redelivers the message.
        message.term();
    }
  }
}
