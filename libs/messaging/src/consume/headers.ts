import { headers, type MsgHdrs } from '@nats-io/transport-node';

/** Headers of ours on NATS messages. */
export const natsHeaders = {
  messageId: 'Nats-Msg-Id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  deadline: 'causeway-deadline-ms',
  errorCode: 'Causeway-Error',
  deadLetter: {
    consumer: 'Causeway-Dlq-Consumer',
    subject: 'Causeway-Dlq-Subject',
    stream: 'Causeway-Dlq-Stream',
    sequence: 'Causeway-Dlq-Stream-Seq',
    messageId: 'Causeway-Dlq-Message-Id',
    code: 'Causeway-Dlq-Code',
    reason: 'Causeway-Dlq-Reason',
    violations: 'Causeway-Dlq-Violations',
    attempts: 'Causeway-Dlq-Attempts',
    at: 'Causeway-Dlq-At',
  },
} as const;

const maxValueLength = 2_000;

/** A header value is one line; anything else would be refused by the client or cut by the server. */
export const headerValue = (text: string): string => text.replaceAll(/[\r\n\t]+/g, ' ').slice(0, maxValueLength);

/** A plain object of the headers that carry the trace. */
export function traceCarrier(from: MsgHdrs | undefined): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (const key of [natsHeaders.traceparent, natsHeaders.tracestate]) {
    const value = from?.get(key);
    if (value) carrier[key] = value;
  }
  return carrier;
}

/**
 * @param base Headers to keep, but for those of NATS itself (`Nats-Msg-Id`, `Nats-Expected-Stream`): they are instructions to the server for
 *   one publish, and would be obeyed again.
 */
export function headersOf(values: Readonly<Record<string, string>>, base?: MsgHdrs): MsgHdrs {
  const result = headers();
  for (const key of base?.keys() ?? []) {
    if (key.toLowerCase().startsWith('nats-')) continue;
    for (const value of base?.values(key) ?? []) result.append(key, value);
  }
  for (const [key, value] of Object.entries(values)) result.set(key, headerValue(value));
  return result;
}
