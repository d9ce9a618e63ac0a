import { z } from 'zod';

// Every field that a log line may have. The type of the logger, the mapping in Elasticsearch, the data view and dashboard
// of Kibana and the table in docs/guides/logs.md follow from here: `npm run generate` after a change.
//
// A field has one type everywhere, because Elasticsearch rejects a line whose field has another than the first one had.
// Personal data has no field. Processes import only the types of this file.

const word = (what: string) => z.string().meta({ description: what });
/** Searched by words; the others are compared as a whole. */
const prose = (what: string) => z.string().meta({ description: what, prose: true });
const count = (what: string) => z.int().nonnegative().meta({ description: what });
const duration = (what: string) =>
  z
    .number()
    .nonnegative()
    .meta({ description: `${what}, milliseconds` });
const flag = (what: string) => z.boolean().meta({ description: what });
const words = (what: string) => z.array(z.string()).readonly().meta({ description: what });

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const loggedError = z
  .strictObject({
    type: word('class of the error'),
    message: prose('its message'),
    stack: prose('its stack').optional(),
    code: word('its code: ours, or that of Node or PostgreSQL').optional(),
    get cause() {
      return loggedError.optional();
    },
  })
  .meta({ description: 'an error and its causes' });

/** What the logger puts into a line by itself. */
const ofTheLogger = {
  level: z.enum(logLevels).meta({ description: 'severity' }),
  time: z.iso.datetime({ precision: 3 }).meta({ description: 'when, UTC, to the millisecond' }),
  service: word('service that wrote the line'),
  instance: word('its instance: `user-1`, the name of a pod'),
  scope: word('part of the service: `http`, `messaging`, or Nest’s class').optional(),
  span_id: word('active span').optional(),
  msg: prose('what happened'),
};

/** What code may log with a line. All optional. */
const ofTheCaller = {
  trace_id: word('active trace'),
  err: loggedError,
  stack: prose('stack that Nest gives as text'),
  code: word('error code: of docs/errors.md, or OAuth’s'),
  detail: prose('what exactly is wrong'),
  remedy: prose('what to do about it'),
  reason: prose('why, in words'),

  // HTTP
  method: word('method of the request'),
  route: word('pattern of its path: `/v1/users/me/addresses/:addressId`'),
  path: word('its path, where no route matched'),
  status: count('status of the response; 499: the client left before'),
  ms: duration('from the request to the end of its response'),
  aborted: flag('the client left during the response'),
  client: word('OAuth client'),
  known: flag('keys of the identity provider are known from before'),

  // demo
  // Orders and payments
  orderId: word('order'),
  paymentId: word('payment'),
  outcome: word('outcome of a payment operation'),
  next: word('state of an operation that is tried again'),
  orders: count('orders whose saga step was repeated'),
  delivery: word('delivery of a webhook'),
  result: word('what became of it'),
  // end demo

  // Messages
  consumer: word('durable consumer'),
  messageId: word('message'),
  subject: word('subject of a message'),
  subjects: words('subjects without a handler'),
  stream: word('stream of the broker'),
  sequence: count('position in it'),
  attempt: count('attempt that failed, from 1'),
  attempts: count('attempts so far'),
  delayMs: duration('until the next attempt'),
  violations: z
    .array(z.strictObject({ path: word('place in the message'), message: prose('what is wrong there') }))
    .readonly()
    .meta({ description: 'what in a message breaks its contract' }),
  kid: word('id of the key that signs tokens'),
  published: count('keys that are published'),
  audit: word('what a person changed'),
  who: word('account of that person'),
  from: word('log level before'),
  to: word('log level from now on'),
  forSeconds: count('seconds until the level of the settings comes back'),
  count: count('messages published again'),
  why: word('what made the broker lose messages'),
  partitions: z.array(z.int()).readonly().meta({ description: 'partitions of the outbox that this instance relays' }),
  consumers: count('consumers that this instance handles'),
  rpcs: count('RPCs that it answers'),
  created: words('streams and consumers that were missing'),
  declared: count('streams and consumers that services declare'),
  kind: word('kind of what the broker holds, or of an operation'),
  name: word('a stream or consumer'),
  changes: words('what changed in it: `max_age: 1 → 2`'),
  server: word('address of the broker'),
  connected: flag('there is a connection to the broker'),

  // Other instances
  peer: word('another service'),
  peerInstance: word('an instance of it'),
  url: word('address of an instance'),
  failures: count('failed calls in a row, or in the window of a breaker'),
  policy: word('policy of the calls to something'),
  state: word('state of its breaker'),
  calls: count('calls in the window of the breaker'),

  // Security events
  securityEvent: word('type of a security event: `sign-in.failed`'),
  securityOutcome: word('how it ended: `success`, `failure`, `denied`'),
  securitySubject: word('what it was done to, if not to the actor'),
  actor: word('who did it: the id of a user or client, an operator'),
  network: word('network of the caller: `192.0.2.0/24`'),

  // The process
  version: word('version of the build'),
  commit: word('its commit'),
  port: count('port of the service'),
  managementPort: count('port for probes'),
  liveMs: duration('from the start of the process to the first probe'),
  readyMs: duration('from the start of the process to ready'),
  inFlight: count('requests not answered when the stop began'),
  connections: count('connections at that moment'),
  lost: count('log lines that could not be written'),
  suppressed: count('warnings of this kind not written since the last one'),
};

/** One line, parsed. Strict: an unknown field is an error. */
export const logLine = z.strictObject({ ...ofTheLogger, ...z.object(ofTheCaller).partial().shape });

type Fields = z.input<z.ZodObject<typeof ofTheCaller>>;

/** What a line may be given. Of `err` the logger keeps what the schema has. */
export type LogFields = { readonly [Name in keyof Fields]?: Name extends 'err' ? unknown : Fields[Name] };

/** The names in {@link LogFields}. */
export const callerFields = Object.keys(ofTheCaller) as (keyof LogFields)[];
