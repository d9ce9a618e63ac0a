import type { z } from 'zod';

/**
 * Something that operators read or change in a running service, on its management port: `POST /governance/keys/rotate`.
 * A service or a capability contributes it with `governance`; `npx causeway` calls it with `callManagement`.
 */
export interface GovernanceRoute<I extends z.ZodType = z.ZodType> {
  /**
   * GET reads: whoever may read `/governance` may call it. Everything else changes something: it needs OPERATOR_TOKEN, and
   * says who acts.
   */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/governance/`: `keys/rotate`. */
  readonly path: string;
  /** Schema of the body without `who`; for GET, of the query, whose values are text. */
  readonly input: I;
  /**
   * Returns what becomes the JSON response. A CodedError becomes a problem document.
   * @param who The operator, as the caller names them; empty for GET.
   */
  run(input: z.output<I>, who: string): unknown;
}

/** Infers the type of `input`. */
export const governanceRoute = <I extends z.ZodType>(route: GovernanceRoute<I>): GovernanceRoute<I> => route;
