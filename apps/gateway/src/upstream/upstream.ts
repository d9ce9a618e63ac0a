import { integerText, text } from '@causeway/contracts';
import { type ServiceClient, type ServiceResponse } from '@causeway/discovery';
import { CodedError, DependencyUnavailable, errorCodes, type ErrorCode } from '@causeway/errors';
import { z } from 'zod';

const retryAfter = integerText(0, 86_400);
const problem = z.object({ code: text, detail: text, remedy: text.optional() });

/** A service responded with a problem, which is passed on under the same code. */
export class UpstreamProblem extends CodedError {
  constructor(
    readonly code: ErrorCode,
    detail: string,
    readonly remedy: string,
    override readonly retryAfterSeconds: number | undefined,
  ) {
    super(detail);
  }
}

export interface Resource<T> {
  /** As in discovery. */
  readonly service: string;
  readonly path: string;
  /** The path without ids, for the trace. */
  readonly route: string;
  readonly schema: z.ZodType<T>;
  /** The caller's own header: the service decides by it. */
  readonly authorization: string | undefined;
  /** Default: what `ServiceClient` allows, and the deadline of the request. */
  readonly timeoutMs?: number | undefined;
  /** Ends the reading when the client hangs up. */
  readonly signal: AbortSignal;
}

/** Reads resources of other services on behalf of the caller, for responses that the gateway composes itself. */
export class Upstream {
  constructor(private readonly client: Pick<ServiceClient, 'request'>) {}

  /**
   * @throws UpstreamProblem, DependencyUnavailable (also for a response that breaks the contract), and what
   *   `ServiceClient` throws when the service does not respond.
   */
  async read<T>({ service, path, route, schema, authorization, timeoutMs, signal }: Resource<T>): Promise<T> {
    const response = await this.client.request({
      service,
      method: 'GET',
      path,
      route,
      headers: authorization === undefined ? {} : { authorization },
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    if (response.status >= 400) throw problemOf(service, response);
    const { success, data, error } = schema.safeParse(response.json());
    if (!success) throw new DependencyUnavailable(service, { cause: error });
    return data;
  }
}

function problemOf(service: string, response: ServiceResponse): CodedError {
  const { success, data, error } = problem.safeParse(response.json());
  if (!success || !(data.code in errorCodes)) return new DependencyUnavailable(service, { cause: error });
  const { code, detail, remedy = 'Try again in a moment.' } = data;
  // HTTP also allows a date; none of our services sends one.
  const { data: seconds } = retryAfter.safeParse(response.headers['retry-after']);
  return new UpstreamProblem(code as ErrorCode, detail, remedy, seconds);
}
