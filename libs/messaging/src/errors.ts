import { CodedError, errorCodes, type ErrorCode, type Violation } from '@causeway/errors';

/** There is no connection to NATS right now. */
export class BrokerUnavailable extends CodedError {
  readonly code = 'BROKER_UNAVAILABLE';
  readonly remedy = 'Try again in a moment; the service reconnects by itself.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;

  constructor(message = 'the message broker cannot be reached', options?: ErrorOptions) {
    super(message, options);
  }
}

/** The server holds a stream or consumer that it cannot change into the declared one. Nothing was changed. */
export class TopologyConflict extends CodedError {
  readonly code = 'TOPOLOGY_CONFLICT';
  readonly remedy = 'Revert the declaration, or declare it under a new name and delete the old one once it is drained.';

  /** @param where `stream USER` or `consumer billing__… of stream USER`. */
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
  readonly remedy = 'Fix the sender. A dead letter with this code cannot be repaired; discard it.';
  override readonly violations: readonly Violation[] = [{ path: '', message: 'not JSON' }];

  constructor(subject: string, options?: ErrorOptions) {
    super(`a message on ${subject} is not JSON`, options);
  }
}

/** The envelope or its data does not match the schema of the subject. */
export class MessageInvalid extends CodedError {
  readonly code = 'MESSAGE_INVALID';
  readonly remedy =
    'Fix the publisher and discard the dead letter, or make the schema accept the message and replay it.';

  constructor(
    subject: string,
    override readonly violations: readonly Violation[],
  ) {
    const details = violations.map(({ path, message }) => `${path || '(whole message)'}: ${message}`).join('; ');
    super(`a message on ${subject} does not match its schema: ${details}`);
  }
}

/** A service handles a message for which the topology declares no consumer. The service does not start. */
export class MessageUnhandled extends CodedError {
  readonly code = 'MESSAGE_UNHANDLED';
  readonly remedy = 'Declare the consumer in libs/contracts/src/messages/topology.ts, or remove the handler.';

  constructor(service: string, subject: string) {
    super(`${service} handles ${subject}, but the topology declares no consumer for it`);
  }
}

/** Two methods of a service handle the same message. The service does not start. */
export class DuplicateHandler extends CodedError {
  readonly code = 'HANDLER_DUPLICATE';
  readonly remedy = 'Keep one handler per message and service; let it call both pieces of work in one transaction.';

  constructor(service: string, subject: string) {
    super(`two handlers for ${subject} in ${service}`);
  }
}

/** One run of a handler took longer than its limit, 20 s. Counts as a failed attempt. */
export class HandlerTimeout extends CodedError {
  readonly code = 'HANDLER_TIMEOUT';
  readonly remedy = 'Make the handler do less per message: record what is to be done, and do remote calls in a worker.';
  override readonly retryable = true;

  constructor(subject: string, limitMs: number) {
    super(`the handler of ${subject} did not finish within ${limitMs} ms`);
  }
}

/** The message was delivered many times, and no process acknowledged or rejected it. It probably kills its process. */
export class MessageAbandoned extends CodedError {
  readonly code = 'MESSAGE_ABANDONED';
  readonly remedy = 'Find out why the process dies while it handles the message; then replay or discard it.';

  constructor(deliveries: number) {
    super(`delivered ${deliveries} times without an outcome`);
  }
}

/** The error that the called service replied with: its code, remedy, violations, and whether a retry can help. */
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
    // A newer version of the called service may use codes that this build does not know.
    this.code = Object.hasOwn(errorCodes, fields.code) ? (fields.code as ErrorCode) : 'INTERNAL';
    this.remedy = fields.remedy ?? 'Look up the trace id in the logs of the other service.';
    this.retryable = fields.retryable ?? false;
    Object.assign(this, {
      ...(fields.retryAfterSeconds !== undefined && { retryAfterSeconds: fields.retryAfterSeconds }),
      ...(fields.violations !== undefined && { violations: fields.violations }),
    });
  }
}
