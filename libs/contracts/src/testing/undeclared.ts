import { problemContentType } from '@causeway/errors';
import { openApiDocument } from '../documents/index.js';
import { routes, type RouteDefinition } from '../http/routes.js';

/** A response as the server sent it. */
export interface SentResponse {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** Empty for a stream, which never ends. */
  readonly text: string;
}

interface Declared {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, { readonly examples?: Readonly<Record<string, unknown>> }>>;
}

/** Headers of HTTP itself and of browser protection, which any response may have. */
const ofEveryServer = new Set([
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'strict-transport-security',
  'transfer-encoding',
  'x-accel-buffering',
  'x-content-type-options',
  'x-frame-options',
]);

const base = 'http://127.0.0.1';
const document = openApiDocument({ server: base, authorizationUrl: `${base}/auth`, tokenUrl: `${base}/token` });
const patterns = routes.map((route) => [new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`), route] as const);

/**
 * Compares a response with the OpenAPI document.
 * @returns What the document does not declare, and what it promises but the response lacks. Empty for a URL that is no
 *   operation.
 */
export function undeclared(response: SentResponse): string[] {
  const { pathname } = new URL(response.url, base);
  const [, route] =
    patterns.find(([path, { method }]) => method === response.method.toLowerCase() && path.test(pathname)) ?? [];
  if (!route) return [];
  const declared = document.paths?.[route.path]?.[route.method]?.responses?.[response.status] as Declared | undefined;
  const found = declared ? [...headers(response, declared), ...body(response, declared, route)] : ['the status'];
  return found.map((what) => `${route.operationId} ${response.status}: ${what}`);
}

function headers({ headers }: SentResponse, { headers: declared = {} }: Declared): string[] {
  const known = new Map(Object.entries(declared).map(([name, { $ref }]) => [name.toLowerCase(), $ref]));
  const sent = [...headers.keys()].filter((name) => !ofEveryServer.has(name) && !known.has(name));
  const missing = [...known].filter(([name, ref]) => isPromised(ref) && !headers.has(name));
  return [...sent.map((name) => `the header ${name}`), ...missing.map(([name]) => `no header ${name}`)];
}

const isPromised = (ref: string): boolean =>
  (document.components?.headers?.[ref.split('/').at(-1)!] as { required?: boolean } | undefined)?.required === true;

function body({ status, headers, text }: SentResponse, { content }: Declared, { success }: RouteDefinition): string[] {
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
  if (!content) return text === '' ? [] : ['a body'];
  if (!content[mediaType]) return [`the media type ${mediaType}`];
  if (mediaType === problemContentType) {
    const { code } = JSON.parse(text) as { code: string };
    return content[mediaType].examples?.[code] ? [] : [`the code ${code}`];
  }
  if (mediaType !== 'application/json' || status !== success.status || !success.body) return [];
  const parsed = success.body.safeParse(JSON.parse(text));
  if (!parsed.success) return [`a body that does not match the schema: ${parsed.error.message}`];
  // Parsing drops the fields that the schema does not know.
  return sorted(parsed.data) === sorted(JSON.parse(text)) ? [] : ['a field'];
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
