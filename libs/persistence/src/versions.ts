import { CodedError } from '@causeway/errors';

/** The row has another version than the caller has seen. */
export class VersionStale extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'Read the resource again, apply the change to what you see, and send its new ETag in If-Match.';

  /** @param what For example `product 0190…`. */
  constructor(what: string) {
    super(`${what} has changed since it was read`);
  }
}

/** A change was sent without saying which version it is based on. */
export class IfMatchRequired extends CodedError {
  readonly code = 'IF_MATCH_REQUIRED';
  readonly remedy = 'Read the resource and send its ETag in the If-Match header.';

  constructor() {
    super('the If-Match header is missing');
  }
}

/** The entity tag of a version: `"7"` with its quotes. */
export const etag = (version: number): string => `"${version}"`;

/**
 * Reads an `If-Match` header of one of our own entity tags.
 * @throws IfMatchRequired when it is missing or empty. VersionStale for anything else than one strong tag of ours: a tag that we have not
 *   given out cannot match, and `*` would overwrite a change that the caller has not seen.
 */
export function parseIfMatch(header: string | readonly string[] | undefined): number {
  const value = (typeof header === 'string' ? header : (header?.join(', ') ?? '')).trim();
  if (value === '') throw new IfMatchRequired();
  const [, digits] = /^"(0|[1-9]\d{0,14})"$/.exec(value) ?? [];
  if (digits === undefined) throw new VersionStale('the resource');
  return Number(digits);
}
