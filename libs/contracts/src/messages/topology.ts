import type { MessageDefinition, RpcDefinition } from './define.js';
import * as order from './order.js';
import * as payment from './payment.js';
import * as user from './user.js';

const hours = 3_600_000;

/** A JetStream stream with limits retention, file storage and `discard: new`. The number of replicas is a setting. */
export interface StreamDefinition {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly duplicateWindowMs: number;
  /** The broker refuses to delete or purge single messages. Nobody can take that back. */
  readonly appendOnly?: true;
}

/** One durable pull consumer: a service and a message it handles. */
export interface ConsumerDefinition {
  readonly service: string;
  readonly message: MessageDefinition;
}

const isRpc = (value: MessageDefinition | RpcDefinition): value is RpcDefinition => 'request' in value;
const definitions: (MessageDefinition | RpcDefinition)[] = [
  ...Object.values(user),
  // demo
  ...Object.values(order),
  ...Object.values(payment),
  // end demo
];

export const messages: readonly MessageDefinition[] = definitions.filter(
  (value): value is MessageDefinition => !isRpc(value),
);
export const rpcs: readonly RpcDefinition[] = definitions.filter(isRpc);

const stream = (name: string, subjects: readonly string[]): StreamDefinition => ({
  name,
  subjects,
  maxAgeMs: 7 * 24 * hours,
  duplicateWindowMs: hours / 6,
});

/** What operators have changed, and who it was: see `npx causeway audit`. */
const audit: StreamDefinition = {
  ...stream('AUDIT', ['audit.>']),
  maxAgeMs: 400 * 24 * hours,
  appendOnly: true,
};

export const streams: readonly StreamDefinition[] = [
  // demo
  stream('ORDER', ['order.evt.>']),
  stream('PAYMENT', ['payment.evt.>', 'payment.cmd.>']),
  // end demo
  stream('USER', ['user.evt.>']),
  stream('DLQ', ['dlq.>']),
  stream('ADVISORY', ['$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>', '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>']),
  audit,
];

/** The consumers of one service. */
export const handles = (service: string, ...handled: MessageDefinition[]): ConsumerDefinition[] =>
  handled.map((message) => ({ service, message }));

/**
 * Which service handles which message. A handler not listed here fails the start; an entry without a handler is
 * reported at start.
 */
export const consumers: readonly ConsumerDefinition[] = [
  // demo
  ...handles('payment', payment.authorizePayment, payment.capturePayment, payment.voidPayment, payment.refundPayment),
  ...handles(
    'order',
    payment.paymentAuthorized,
    payment.paymentDeclined,
    payment.paymentCaptured,
    payment.paymentCaptureFailed,
    payment.paymentVoided,
    payment.paymentRefunded,
    user.userErased,
  ),
  // end demo
];

/** `billing__user-evt-registered-v1` */
export const durableName = ({ service, message }: ConsumerDefinition): string =>
  `${service}__${message.subject.replaceAll('.', '-')}`;

/** Returns the stream that stores a subject. */
export function streamOf(subject: string): StreamDefinition {
  const found = streams.find(({ subjects }) =>
    subjects.some((pattern) => subject.startsWith(pattern.replace(/>$/, ''))),
  );
  if (!found) throw new Error(`no stream stores the subject ${subject}; declare one in libs/contracts`);
  return found;
}
