import { parseOrThrow, violationsOf, type RpcDefinition } from '@causeway/contracts';
import { DependencyUnavailable } from '@causeway/errors';
import {
  CallWatch,
  createPolicy,
  currentDeadline,
  Deadline,
  DeadlineExceeded,
  type Policy,
  type PolicyOptions,
} from '@causeway/resilience';
import { about, errorType, injectTrace, inSpan, instruments, meter } from '@causeway/telemetry';
import { errors, RequestError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { SpanKind } from '@opentelemetry/api';
import { headersOf, natsHeaders } from '../consume/headers.js';
import { BrokerUnavailable, RemoteError } from '../errors.js';
import { decodeError, decodeJson, encodeJson } from './wire.js';

const duration = meter('causeway.messaging').duration(
  instruments.rpcClientDuration,
  'Time of a call over NATS, seen by the caller',
);
const defaultTimeoutMs = 1_000;
/** The bulkhead limits the calls to one service at a time: more would only queue up over there. */
const policyOptions: PolicyOptions = { retry: {}, breaker: {}, bulkhead: { maxConcurrent: 64, maxQueue: 512 } };

export interface RpcOptions {
  /** Limit of the call, milliseconds; the current deadline applies where it is shorter. Default 1 000. */
  readonly timeoutMs?: number;
}

/** The port that use cases depend on. In tests, `FakeRpc` implements it. */
export interface RpcPort {
  /**
   * Calls the service that owns `definition`.
   * @throws ValidationFailed when the request does not match its schema; nothing is sent.
   * @throws DeadlineExceeded when the current deadline passes first.
   * @throws DependencyUnavailable when no instance is running, none replies in time, or the reply breaks the contract.
   * @throws BrokerUnavailable without a connection to NATS.
   * @throws CircuitOpen after too many failures of that service; BulkheadFull when too many calls wait for it.
   * @throws RemoteError when the service replies with an error; it has the code of that error.
   */
  call<Req, Res>(definition: RpcDefinition<Req, Res>, request: Req, options?: RpcOptions): Promise<Res>;
}

/**
 * Request/reply over core NATS. Each called service has one policy: breaker, bulkhead, and a retry when the request
 * certainly reached no instance.
 */
export class RpcClient implements RpcPort {
  private readonly policies = new Map<string, Policy>();

  constructor(
    private readonly nc: NatsConnection,
    private readonly health: { readonly connected: boolean } = { connected: true },
  ) {}

  async call<Req, Res>(definition: RpcDefinition<Req, Res>, request: Req, options: RpcOptions = {}): Promise<Res> {
    const { subject, owner } = definition;
    const payload = encodeJson(parseOrThrow(definition.request, request));
    const attributes = { 'rpc.system.name': 'nats', 'rpc.method': subject, 'causeway.peer.service': owner };
    const startedAt = performance.now();
    let failure: unknown;
    try {
      return await inSpan(`call ${subject}`, { kind: SpanKind.CLIENT, attributes }, () =>
        about(request, () => this.guarded(definition, payload, options)),
      );
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      const labels = { ...attributes, ...(failure !== undefined && { 'error.type': errorType(failure) }) };
      duration.record((performance.now() - startedAt) / 1_000, labels);
    }
  }

  private guarded<Req, Res>(
    definition: RpcDefinition<Req, Res>,
    payload: Uint8Array,
    options: RpcOptions,
  ): Promise<Res> {
    let watch: CallWatch | undefined;
    const request = (): Promise<Res> => {
      watch = new CallWatch({ ownLimitMs: options.timeoutMs });
      return this.request(definition, payload, options);
    };
    return this.policy(definition.owner).execute(request, {
      retryable: (error) => error instanceof DependencyUnavailable && error.unsent,
      countsAsFailure: (error) => {
        // The policy judges DeadlineExceeded by the same rules, but cannot know that these two errors mean the same.
        if (error instanceof ReplyTimeout) return watch?.silenceIsFailure ?? false;
        if (error instanceof RemoteError && error.code === 'DEADLINE_EXCEEDED')
          return watch?.latenessIsFailure ?? false;
        return (
          error instanceof DependencyUnavailable ||
          error instanceof DeadlineExceeded ||
          (error instanceof RemoteError && error.retryable)
        );
      },
    });
  }

  private policy(owner: string): Policy {
    const known = this.policies.get(owner) ?? createPolicy(`rpc.${owner}`, policyOptions);
    this.policies.set(owner, known);
    return known;
  }

  private async request<Req, Res>(
    definition: RpcDefinition<Req, Res>,
    payload: Uint8Array,
    options: RpcOptions,
  ): Promise<Res> {
    const { subject, owner } = definition;
    if (!this.health.connected) throw new BrokerUnavailable();
    const deadline = currentDeadline();
    deadline?.throwIfExpired();
    const limitMs = options.timeoutMs ?? defaultTimeoutMs;
    const remainingMs = deadline?.remainingMs() ?? Infinity;
    const timeoutMs = Math.max(1, Math.ceil(Math.min(limitMs, remainingMs)));
    const values: Record<string, string> = { [natsHeaders.deadline]: Deadline.after(timeoutMs).toHeader() };
    injectTrace(values);
    const reply = await this.nc
      .request(subject, payload, { timeout: timeoutMs, headers: headersOf(values) })
      .catch((error: unknown) => {
        throw toCallError(error, owner, timeoutMs, remainingMs <= limitMs);
      });
    return readReply(definition, reply);
  }
}

/** No reply within the limit of the call, although the caller's deadline has not passed. */
class ReplyTimeout extends DependencyUnavailable {}

function toCallError(cause: unknown, owner: string, timeoutMs: number, byDeadline: boolean): unknown {
  if (cause instanceof RequestError && cause.isNoResponders()) {
    return new DependencyUnavailable(owner, { message: `no instance of ${owner} is running`, unsent: true, cause });
  }
  if (cause instanceof errors.TimeoutError || (cause instanceof Error && cause.cause instanceof errors.TimeoutError)) {
    // `deadline.expired` could still be false: the timer may fire a fraction of a millisecond early.
    return byDeadline
      ? new DeadlineExceeded(`${owner} did not reply before the deadline`, { cause })
      : new ReplyTimeout(owner, { message: `${owner} did not reply within ${timeoutMs} ms`, cause });
  }
  return new BrokerUnavailable('the request could not be sent to the message broker', { cause });
}

function readReply<Req, Res>(definition: RpcDefinition<Req, Res>, reply: Msg): Res {
  const { owner, subject } = definition;
  const code = reply.headers?.get(natsHeaders.errorCode);
  if (code) throw decodeError(owner, code, reply.data);
  const broken = (why: string, cause?: unknown) =>
    new DependencyUnavailable(owner, {
      message: `the reply of ${owner} to ${subject} breaks the contract: ${why}`,
      cause,
    });
  let value: unknown;
  try {
    value = decodeJson(reply.data);
  } catch (cause) {
    throw broken('not JSON', cause);
  }
  const parsed = definition.response.safeParse(value);
  if (parsed.success) return parsed.data;
  throw broken(
    violationsOf(parsed.error)
      .map(({ path, message }) => `${path || '(whole document)'}: ${message}`)
      .join('; '),
  );
}
