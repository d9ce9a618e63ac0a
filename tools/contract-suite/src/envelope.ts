import { v7 as uuidv7 } from 'uuid';

/** CloudEvents 1.0, as every message on JetStream has it; docs/reference/service-contract.md lists the attributes. */
export interface CloudEvent {
  readonly specversion: string;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly dataschema: string;
  readonly traceparent?: string;
  readonly data: unknown;
}

/** A message of another service. @param aggregate Id of what it is about. */
export function envelopeOf(subject: string, data: unknown, aggregate: string, traceparent?: string): CloudEvent {
  return {
    specversion: '1.0',
    id: uuidv7(),
    type: subject,
    source: `/causeway/${subject.slice(0, subject.indexOf('.'))}`,
    subject: aggregate,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:causeway:schema:${subject}`,
    ...(traceparent !== undefined && { traceparent }),
    data,
  };
}
