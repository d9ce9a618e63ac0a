import { randomBytes } from 'node:crypto';

/** A caller's trace context (W3C Trace Context), recorded: what the service does must continue it. */
export interface CallerTrace {
  readonly traceId: string;
  readonly traceparent: string;
}

export function newTrace(): CallerTrace {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
}
