import { CodedError } from '@causeway/errors';

/** The row has another version than the one the caller read. */
export class VersionStale extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'Read the resource again, apply the change to it, and send its new ETag in If-Match.';

  /** @param what For example `product 0190…`. */
  constructor(what: string) {
    super(`${what} has changed since it was read`);
  }
}

/** A change does not say which version it is based on. */
export class IfMatchRequired extends CodedError {
  readonly code = 'IF_MATCH_REQUIRED';
  readonly remedy = 'Read the resource and send its ETag in the If-Match header.';

  constructor() {
    super('the If-Match header is missing');
  }
}

/** Returns the entity tag of a version: `"7"`, with the quotes. */
export const etag = (version: number): string => `"${version}"`;

/** An `If-Match` header is neither `*` nor a list of entity tags. */
export class IfMatchMalformed extends CodedError {
  readonly code = 'MALFORMED_REQUEST';
  readonly remedy = 'Send the ETag in If-Match as received, with its quotes.';

  constructor() {
    super('the If-Match header is neither * nor a list of entity tags');
  }
}

/** The versions that a change may be based on; `any` accepts the current one. */
export type ExpectedVersions = 'any' | readonly number[];

/** Versions are stored as `integer`, and the largest one plus one must still fit. */
const maxVersion = 2_147_483_646;

/**
 * Parses an `If-Match` header (RFC 9110, 13.1.1): `*`, or a list of entity tags one of which must be the current one.
 * Tags that the service cannot have issued, such as weak ones, match nothing, so the list may be empty.
 *
 * @returns What to pass to `versionIn`. If the update then changes no row although the resource exists, throw
 *   VersionStale.
 * @throws IfMatchRequired when the header is missing or empty. IfMatchMalformed.
 */
export function parseIfMatch(header: string | readonly string[] | undefined): ExpectedVersions {
  const value = (typeof header === 'string' ? header : (header?.join(', ') ?? '')).trim();
  if (value === '') throw new IfMatchRequired();
  if (value === '*') return 'any';
  return [...new Set(entityTags(value).flatMap(versionOf))];
}

/** Tags may contain commas, and elements of a list may be empty (RFC 9110, 8.8.3 and 5.6.1). */
function entityTags(list: string): string[] {
  const next = /[ \t,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)/y;
  const tags: string[] = [];
  while (next.lastIndex < list.length) {
    const [, tag] = next.exec(list) ?? [];
    if (tag === undefined) throw new IfMatchMalformed();
    tags.push(tag);
  }
  return tags;
}

function versionOf(tag: string): number[] {
  const [, digits] = /^"([1-9]\d{0,9})"$/.exec(tag) ?? [];
  const version = Number(digits ?? Infinity);
  return version <= maxVersion ? [version] : [];
}

/** Returns the part of a Prisma filter that matches the versions. */
export const versionIn = (expected: ExpectedVersions): { version?: { in: number[] } } =>
  expected === 'any' ? {} : { version: { in: [...expected] } };
