import { ValidationFailed, type Violation } from '@causeway/errors';
import { z } from 'zod';
import { text } from '../text.js';

/** A message on JetStream: an event says what happened, a command asks its owner to do something. */
export interface MessageDefinition<T = unknown> {
  readonly kind: 'event' | 'command';
  /** Subject and CloudEvents `type` in one: `<owner>.evt.<what>.v<n>` or `<owner>.cmd.<what>.v<n>`. */
  readonly subject: string;
  /** The service that publishes the event or handles the command. */
  readonly owner: string;
  readonly summary: string;
  readonly data: z.ZodType<T>;
}

/** A request/reply over core NATS: `<owner>.rpc.<verb>-<what>.v<n>`. */
export interface RpcDefinition<Req = unknown, Res = unknown> {
  readonly subject: string;
  readonly owner: string;
  readonly summary: string;
  readonly request: z.ZodType<Req>;
  readonly response: z.ZodType<Res>;
}

export type DataOf<M> = M extends MessageDefinition<infer T> ? T : never;

/** CloudEvents 1.0 attributes (github.com/cloudevents/spec) around `data`. */
export const envelope = z.object({
  specversion: z.literal('1.0'),
  /** UUIDv7: the outbox row, the `Nats-Msg-Id` and the inbox key. */
  id: z.uuid(),
  type: text,
  /** The publishing service: `/causeway/order`. */
  source: text,
  /** The aggregate: an order id, a payment id. */
  subject: text,
  time: z.iso.datetime({ offset: true }),
  datacontenttype: z.literal('application/json'),
  dataschema: text,
  /** W3C trace context of the request or message that caused this one (CloudEvents distributed tracing extension). */
  traceparent: text.optional(),
  data: z.unknown(),
});
export type Envelope<T = unknown> = Omit<z.infer<typeof envelope>, 'data'> & { readonly data: T };

/** `urn:causeway:schema:order.evt.placed.v1` */
export const dataSchemaOf = (definition: MessageDefinition): string => `urn:causeway:schema:${definition.subject}`;

const ownerOf = (subject: string): string => subject.slice(0, subject.indexOf('.'));

export const event = <T>(
  subject: `${string}.evt.${string}.v${number}`,
  summary: string,
  data: z.ZodType<T>,
): MessageDefinition<T> => ({ kind: 'event', subject, owner: ownerOf(subject), summary, data });

export const command = <T>(
  subject: `${string}.cmd.${string}.v${number}`,
  summary: string,
  data: z.ZodType<T>,
): MessageDefinition<T> => ({ kind: 'command', subject, owner: ownerOf(subject), summary, data });

export const rpc = <Req, Res>(
  subject: `${string}.rpc.${string}.v${number}`,
  summary: string,
  request: z.ZodType<Req>,
  response: z.ZodType<Res>,
): RpcDefinition<Req, Res> => ({ subject, owner: ownerOf(subject), summary, request, response });

/** Turns zod issues into violations with JSON pointers. The pointer of an unknown field includes its name. */
export function violationsOf(error: z.ZodError): Violation[] {
  const pointer = (path: readonly PropertyKey[]) =>
    path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: pointer([...issue.path, key]), message: 'unknown field' }))
      : [{ path: pointer(issue.path), message: issue.message }],
  );
}

/**
 * Validates `value` against `schema`.
 * @throws ValidationFailed, which lists every violation.
 */
export function parseOrThrow<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ValidationFailed(violationsOf(parsed.error));
}
