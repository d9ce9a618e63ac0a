import { parseOrThrow, type RpcDefinition } from '@causeway/contracts';
import { asWork, Deadline, DeadlineExceeded, finishesWithin, withDeadline, withTimeout } from '@causeway/resilience';
import {
  about,
  CallStatistics,
  errorType,
  extractTrace,
  failSpan,
  getLogger,
  inSpan,
  instruments,
  meter,
} from '@causeway/telemetry';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { SpanKind } from '@opentelemetry/api';
import { headersOf, natsHeaders, traceCarrier } from '../consume/headers.js';
import { MessageMalformed } from '../errors.js';
import { decodeJson, encodeError, encodeJson } from './wire.js';

const log = getLogger('messaging');
const duration = meter('causeway.messaging').duration(
  instruments.rpcServerDuration,
  'Time of a call over NATS, seen by the server',
);

/** Limit of a request whose caller sends no deadline, or a longer one. */
const maxDeadlineMs = 10_000;
/** While NATS is away a drain does not end; the handlers must still be awaited. */
const drainTimeoutMs = 1_000;

export type RpcHandler = (request: unknown) => Promise<unknown>;

/** Serves one RPC. All instances of a service share a queue group, so each request reaches one of them. */
export class RpcServer {
  /** What it has answered. Errors are all replies that carry one. */
  readonly statistics = new CallStatistics();
  private readonly inFlight = new Set<Promise<void>>();
  private subscription: Subscription | undefined;

  constructor(
    private readonly nc: NatsConnection,
    private readonly queue: string,
    readonly definition: RpcDefinition,
    private readonly handler: RpcHandler,
  ) {}

  start(): void {
    this.subscription ??= this.nc.subscribe(this.definition.subject, {
      queue: this.queue,
      callback: (error, message) => {
        if (error) log.error({ err: error, subject: this.definition.subject }, 'RPC subscription failed');
        else this.accept(message);
      },
    });
  }

  /** Accepts no new requests; resolves once all that have arrived have their reply. */
  async stop(): Promise<void> {
    const drained = this.subscription?.drain().catch(() => undefined);
    if (drained) await finishesWithin(drainTimeoutMs, drained);
    await Promise.all(this.inFlight);
  }

  private accept(message: Msg): void {
    const done = this.serve(message)
      .catch((error: unknown) =>
        log.error({ err: error, subject: message.subject }, 'RPC reply not sent; the caller runs into its timeout'),
      )
      .finally(() => this.inFlight.delete(done));
    this.inFlight.add(done);
  }

  private async serve(message: Msg): Promise<void> {
    const { subject } = this.definition;
    const attributes = { 'rpc.system.name': 'nats', 'rpc.method': subject };
    const startedAt = performance.now();
    const parent = extractTrace(traceCarrier(message.headers));
    let failure: unknown;
    await inSpan(`serve ${subject}`, { kind: SpanKind.SERVER, parent, attributes }, async (span) => {
      try {
        message.respond(encodeJson(await this.replyTo(message)));
      } catch (error) {
        failure = error;
        failSpan(span, error);
        const { code, payload } = encodeError(error);
        if (code === 'INTERNAL') log.error({ err: error, subject }, 'RPC handler failed; replying INTERNAL');
        message.respond(payload, { headers: headersOf({ [natsHeaders.errorCode]: code }) });
      }
    });
    const ms = performance.now() - startedAt;
    const error = failure === undefined ? undefined : errorType(failure);
    this.statistics.record(ms, error);
    duration.record(ms / 1_000, { ...attributes, ...(error !== undefined && { 'error.type': error }) });
  }

  private async replyTo(message: Msg): Promise<unknown> {
    const deadline =
      Deadline.fromHeader(message.headers?.get(natsHeaders.deadline) || undefined, maxDeadlineMs) ??
      Deadline.after(maxDeadlineMs);
    deadline.throwIfExpired();
    const request = parseOrThrow(this.definition.request, readJson(message));
    // Past the deadline the caller has given up: reply then, and ignore how the handler ends.
    const handle = () => withDeadline(deadline, () => asWork('request', () => this.handler(request)));
    const result = await withTimeout(
      deadline.remainingMs(),
      () => about(request, handle),
      () => new DeadlineExceeded(),
    );
    return parseResponse(this.definition, result);
  }
}

function readJson(message: Msg): unknown {
  try {
    return decodeJson(message.data);
  } catch (cause) {
    throw new MessageMalformed(message.subject, { cause });
  }
}

/** A response that breaks the schema is a defect of this service, not a validation error of the caller. */
function parseResponse(definition: RpcDefinition, response: unknown): unknown {
  const parsed = definition.response.safeParse(response);
  if (parsed.success) return parsed.data;
  throw new Error(`the response to ${definition.subject} does not match its schema`, { cause: parsed.error });
}
