import { headers, type MsgHdrs } from '@nats-io/transport-node';

/** The headers that we set or read on NATS messages. */
export const natsHeaders = {
  messageId: 'Nats-Msg-Id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  deadline: 'causeway-deadline-ms',
  errorCode: 'Causeway-Error',
  /** Of a replayed dead letter: the request to replay it. */
  replay: 'Causeway-Replay',
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

/** Makes text fit for a header: one line, at most 2 000 characters. */
export const headerValue = (text: string): string => text.replaceAll(/[\r\n\t]+/g, ' ').slice(0, maxValueLength);

/** Returns the headers that carry the trace, as a plain object. */
export function traceCarrier(from: MsgHdrs | undefined): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (const key of [natsHeaders.traceparent, natsHeaders.tracestate]) {
    const value = from?.get(key);
    if (value) carrier[key] = value;
  }
  return carrier;
}

/**
 * @param base Headers to keep, except those of NATS itself (`Nats-Msg-Id`, `Nats-Expected-Stream`). They are
 *   instructions to the server for one publish, and it would follow them again.
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
