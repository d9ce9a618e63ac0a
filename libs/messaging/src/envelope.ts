import {
  dataSchemaOf,
  envelope as envelopeSchema,
  parseOrThrow,
  violationsOf,
  type Envelope,
  type MessageDefinition,
} from '@causeway/contracts';
import { currentTraceparent } from '@causeway/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { MessageInvalid, MessageMalformed } from './errors.js';

export interface EnvelopeParts<T> {
  /** Name of the publishing service: `user` becomes the CloudEvents source `/causeway/user`. */
  readonly source: string;
  /** The aggregate that the message is about. Messages of one aggregate are published in the order they were added. */
  readonly aggregateId: string;
  readonly data: T;
  /** Default: a new UUIDv7. */
  readonly id?: string;
  /** Default: now. */
  readonly time?: Date;
}

/**
 * Builds the CloudEvents envelope of a message, with the current trace.
 * @throws ValidationFailed when `data` does not match the definition's schema.
 */
export function buildEnvelope<T>(definition: MessageDefinition<T>, parts: EnvelopeParts<T>): Envelope<T> {
  return draftEnvelope(definition, { ...parts, data: parseOrThrow(definition.data, parts.data) }) as Envelope<T>;
}

/**
 * Builds an envelope without validating `data`, for a SQL function that completes it (`jsonb_set`) before it calls
 * `causeway.add_outbox`. A mistake shows up as a dead letter, so cover that function with a test.
 */
export function draftEnvelope<T>(
  definition: MessageDefinition<T>,
  parts: EnvelopeParts<Partial<T>>,
): Envelope<Partial<T>> {
  const traceparent = currentTraceparent();
  return {
    specversion: '1.0',
    id: parts.id ?? uuidv7(),
    type: definition.subject,
    source: `/causeway/${parts.source}`,
    subject: parts.aggregateId,
    time: (parts.time ?? new Date()).toISOString(),
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(definition),
    ...(traceparent !== undefined && { traceparent }),
    data: parts.data,
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a message from the wire.
 * @throws MessageMalformed when it is not JSON.
 * @throws MessageInvalid with the JSON pointer of everything that is wrong; inside the data, `/data/…`.
 */
export function parseEnvelope<T>(definition: MessageDefinition<T>, payload: Uint8Array): Envelope<T> {
  const outer = envelopeSchema.safeParse(parseJson(definition.subject, payload));
  if (!outer.success) throw new MessageInvalid(definition.subject, violationsOf(outer.error));
  if (outer.data.type !== definition.subject) {
    throw new MessageInvalid(definition.subject, [{ path: '/type', message: `expected ${definition.subject}` }]);
  }
  const data = definition.data.safeParse(outer.data.data);
  if (!data.success) {
    const violations = violationsOf(data.error).map(({ path, message }) => ({ path: `/data${path}`, message }));
    throw new MessageInvalid(definition.subject, violations);
  }
  return { ...outer.data, data: data.data };
}

function parseJson(subject: string, payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new MessageMalformed(subject, { cause });
  }
}
