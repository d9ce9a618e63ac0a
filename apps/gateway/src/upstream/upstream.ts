import type { ServiceClient } from '@causeway/discovery';
import { CodedError, errorCodes, type ErrorCode, type Problem } from '@causeway/errors';
import type { z } from 'zod';

/** A service answered with a problem: passed on under the same code. */
export class UpstreamProblem extends CodedError {
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor({ code, detail, remedy }: Partial<Problem>) {
    super(detail ?? 'a service answered with an error');
    this.code = code !== undefined && code in errorCodes ? code : 'DEPENDENCY_UNAVAILABLE';
    this.remedy = remedy ?? 'Try again in a moment.';
  }
}

/** Reads resources of other services on behalf of the caller, for answers that the gateway composes itself. */
export class Upstream {
  constructor(private readonly client: ServiceClient) {}

  /**
   * @param authorization The caller's own header: the service decides by it.
   * @throws UpstreamProblem, and what the client throws when the service does not answer.
   */
  async read<T>(service: string, path: string, schema: z.ZodType<T>, authorization: string | undefined): Promise<T> {
    const response = await this.client.request({
      service,
      method: 'GET',
      path,
      headers: authorization === undefined ? {} : { authorization },
      idempotent: true,
    });
    if (response.status >= 400) throw new UpstreamProblem(response.json() as Partial<Problem>);
    return schema.parse(response.json());
  }
}
