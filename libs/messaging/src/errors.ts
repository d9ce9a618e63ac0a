import { CodedError, errorCodes, type ErrorCode, type Violation } from '@causeway/errors';

/** NATS cannot be reached at the moment. */
export class BrokerUnavailable extends CodedError {
  readonly code = 'BROKER_UNAVAILABLE';
  readonly remedy = 'Try again shortly; the connection is restored by itself.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;

  constructor(message = 'the message broker cannot be reached', options?: ErrorOptions) {
    super(message, options);
  }
}

/** The declared topology differs from the server's in a way that the server cannot change in place. Nothing was changed. */
export class TopologyConflict extends CodedError {
  readonly code = 'TOPOLOGY_CONFLICT';
  readonly remedy =
    'Undo the change of the declaration, or move the messages: create it under a new name, or delete the old one once it is drained.';

  /** @param where `stream ORDER` or `consumer order__… of stream PAYMENT`. */
  constructor(
    readonly where: string,
    readonly field: string,
    readonly declared: unknown,
    readonly actual: unknown,
    reason = 'the server cannot change it in place',
  ) {
    super(`${where}: ${field} is declared as ${JSON.stringify(declared)} but is ${JSON.stringify(actual)}; ${reason}`);
  }
}

/** The payload is not JSON. */
export class MessageMalformed extends CodedError {
  readonly code = 'MESSAGE_MALFORMED';
  readonly remedy = 'Correct the publisher; then discard the dead letter.';
  override readonly violations: readonly Violation[];

  constructor(subject: string, options?: ErrorOptions) {
    super(`a message on ${subject} is not JSON`, options);
    this.violations = [{ path: '', message: 'not JSON' }];
  }
}

/** The envelope or its data does not match the schema of the subject. */
export class MessageInvalid extends CodedError {
  readonly code = 'MESSAGE_INVALID';
  readonly remedy =
    'Correct the publisher, or make the schema accept what is already published; then replay the dead letter.';

  constructor(
    subject: string,
    override readonly violations: readonly Violation[],
  ) {
    super(
      `a message on ${subject} does not match its schema: ${violations.map(({ path, message }) => `${path || '(whole message)'}: ${message}`).join('; ')}`,
    );
  }
}

/** A handler has no consumer in the topology, a message has two handlers, or a definition is not known. A mistake in the code: the service does not start. */
export class MessageUnhandled extends CodedError {
  readonly code = 'MESSAGE_UNHANDLED';
  readonly remedy =
    'Declare the consumer in libs/contracts/src/messages/topology.ts, exactly once per service and message.';
}

/** The limit of one handler run, 20 s, has passed. Counts as a failed attempt. */
export class HandlerTimeout extends CodedError {
  readonly code = 'DEADLINE_EXCEEDED';
  readonly remedy = 'Make the handler do less per message; remote calls belong behind a recorded intent.';
  override readonly retryable = true;

  constructor(subject: string, limitMs: number) {
    super(`the handler of ${subject} did not finish within ${limitMs} ms`);
  }
}

/** What the other side of an RPC answered instead of a response. Keeps its code, remedy, violations and whether a retry can help. */
export class RemoteError extends CodedError {
  readonly code: ErrorCode;
  readonly remedy: string;
  override readonly retryable: boolean;
  declare readonly retryAfterSeconds?: number;
  declare readonly violations?: readonly Violation[];

  constructor(
    readonly service: string,
    fields: {
      code: string;
      message: string;
      remedy?: string;
      retryable?: boolean;
      retryAfterSeconds?: number;
      violations?: readonly Violation[];
    },
  ) {
    super(fields.message);
    // A newer version of the other service may know codes that this build does not.
    this.code = Object.hasOwn(errorCodes, fields.code) ? (fields.code as ErrorCode) : 'INTERNAL';
    this.remedy = fields.remedy ?? 'See the logs of the other service under the trace id.';
    this.retryable = fields.retryable ?? false;
    Object.assign(this, {
      ...(fields.retryAfterSeconds !== undefined && { retryAfterSeconds: fields.retryAfterSeconds }),
      ...(fields.violations !== undefined && { violations: fields.violations }),
    });
  }
}
