import { randomUUID } from 'node:crypto';
import { pathParametersOf, type RouteDefinition } from '@causeway/contracts';
import type { Found } from './attack.js';
import type { AttackedSystem } from './attacked-system.js';
import type { AttackAnswer } from './client.js';
import { ownIds, ownBodies, signatures } from './known-requests.js';
import { complaintsOf, inWords } from './judge.js';
import type { Person } from './person.js';
import type { ResourceMaker } from './resource-maker.js';

/** A request that the system accepts, before an attack changes something about it. */
export interface ValidRequest {
  readonly route: RouteDefinition;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What an attack sends instead. */
export interface RequestChange {
  /** A whole header value; null: none. */
  readonly authorization?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly body?: unknown;
  /** Bytes in place of a JSON body. */
  readonly raw?: string | Buffer;
  /** Another server than the gateway: a service itself. */
  readonly base?: URL;
}

/**
 * Makes a valid request of any route: path parameters and the ids in the body are resources of the person, bodies are
 * the examples of the API document, versions the current ones. A new route needs nothing here if its body has an
 * example and its resource is created or listed at the address above it; otherwise add it to `known-requests.ts`.
 */
export async function validRequest(
  system: AttackedSystem,
  route: RouteDefinition,
  person: Person,
): Promise<ValidRequest> {
  const path = await pathFor(system, route.path, person);
  const authorization = await system.authorization(route, person);
  return {
    route,
    path,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(route.body && { 'content-type': 'application/json' }),
      ...(route.idempotent && { 'idempotency-key': randomUUID() }),
      ...(route.versioned && { 'if-match': await versionOf(system, route.path, path, person) }),
    },
    ...(route.body && { body: await bodyFor(system, route, person) }),
  };
}

/** Sends a request with a change, and reports what no answer may be. Signed routes are signed over what is sent. */
export async function sendChanged(
  system: AttackedSystem,
  found: Found,
  { route, path, headers, body }: ValidRequest,
  change: RequestChange = {},
): Promise<AttackAnswer> {
  const content = contentOf('body' in change ? change.body : body, change.raw);
  const { authorization = headers['authorization'] } = change;
  const { authorization: _, ...rest } = headers;
  const sent = {
    method: route.method.toUpperCase(),
    path: change.path ?? path,
    headers: {
      ...rest,
      ...(typeof authorization === 'string' && { authorization }),
      // A key that was used before would answer with what it answered then.
      ...(route.idempotent && { 'idempotency-key': randomUUID() }),
      ...signatures.reduce((all, sign) => ({ ...all, ...sign(system, route, content ?? '') }), {}),
      ...change.headers,
      ...(content !== undefined && { 'content-length': Buffer.byteLength(content) }),
    },
    body: content,
  };
  const answer = await system.http.send(sent, change.base);
  for (const complaint of complaintsOf(sent, answer)) found(`${inWords(sent, answer)}: ${complaint}`);
  return answer;
}

const contentOf = (body: unknown, raw: string | Buffer | undefined): string | Buffer | undefined =>
  raw ?? (body === undefined ? undefined : JSON.stringify(body));

/** Fills the parameters of a path with resources of a person; with random ids where there are none. */
async function pathFor(system: AttackedSystem, path: string, person: Person): Promise<string> {
  let filled = path;
  for (const name of pathParametersOf(path))
    filled = filled.replace(`{${name}}`, await resourceId(system, name, person));
  return filled;
}

const made = new WeakMap<Person, Map<string, Promise<string | undefined>>>();

/** The id of a resource of a person: one that they have been given before, or a new one. */
export async function resourceId(system: AttackedSystem, parameter: string, person: Person): Promise<string> {
  return (await ownedId(system, parameter, person)) ?? randomUUID();
}

/** As {@link resourceId}; undefined where nothing says how to make one. */
export function ownedId(system: AttackedSystem, parameter: string, person: Person): Promise<string | undefined> {
  const ids = made.get(person) ?? new Map<string, Promise<string | undefined>>();
  made.set(person, ids);
  const id = ids.get(parameter) ?? make(system, parameter, person);
  ids.set(parameter, id);
  return id;
}

async function make(system: AttackedSystem, parameter: string, person: Person): Promise<string | undefined> {
  const known = ownIds[parameter];
  if (known) return known(makerFor(system, person));
  const at = system.routes.find(({ path }) => path.includes(`/{${parameter}}`))?.path ?? '';
  const collection = at.slice(0, at.indexOf(`/{${parameter}}`));
  const create = system.routes.find(({ method, path }) => method === 'post' && path === collection);
  const list = system.routes.find(({ method, path }) => method === 'get' && path === collection);
  return (
    (create && idIn(await accepted(system, create, person))) ?? (list && idIn(await accepted(system, list, person)))
  );
}

function makerFor(system: AttackedSystem, person: Person): ResourceMaker {
  const routeOf = (operationId: string): RouteDefinition => {
    const route = system.routes.find((each) => each.operationId === operationId);
    if (!route) throw new Error(`there is no operation ${operationId}`);
    return route;
  };
  return {
    personId: person.id,
    owned: (parameter) => ownedId(system, parameter, person),
    accepted: (operationId) => accepted(system, routeOf(operationId), person),
    get: async (operationId, path) => {
      const authorization = await system.authorization(routeOf(operationId), person);
      return system.http.send({ method: 'GET', path, headers: { ...(authorization && { authorization }) } });
    },
  };
}

const idIn = (text: string): string | undefined => {
  const { id, items } = JSON.parse(text || '{}') as { id?: string; items?: { id?: string }[] };
  return id ?? items?.[0]?.id;
};

/** The response of a valid request. @throws when it is refused: attacks on such a route would prove nothing */
export async function accepted(system: AttackedSystem, route: RouteDefinition, person: Person): Promise<string> {
  const faults: string[] = [];
  const answer = await sendChanged(system, (fault) => faults.push(fault), await validRequest(system, route, person));
  if (answer.status === route.success.status) return answer.text;
  throw new Error(
    `a valid request of ${route.operationId} was answered with ${answer.status} ${answer.text.slice(0, 300)}`,
  );
}

/** The version of the resource at a path, or of the nearest one above it. */
async function versionOf(system: AttackedSystem, template: string, path: string, person: Person): Promise<string> {
  for (let [from, to] = [template, path]; from.length > 1; [from, to] = [above(from), above(to)]) {
    const route = system.routes.find((each) => each.method === 'get' && each.path === from);
    if (!route?.success.headers?.includes('ETag')) continue;
    const authorization = await system.authorization(route, person);
    const headers = { ...(authorization !== undefined && { authorization }) };
    const { headers: received } = await system.http.send({ method: 'GET', path: to, headers });
    return received.etag ?? '"1"';
  }
  return '"1"';
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'));

async function bodyFor(system: AttackedSystem, route: RouteDefinition, person: Person): Promise<unknown> {
  const own = ownBodies[route.operationId]?.(person);
  if (own !== undefined) return own;
  const { example = {} } = system.document.body(route) ?? {};
  return withOwnIds(system, example, person);
}

const parameters = (system: AttackedSystem): ReadonlySet<string> =>
  new Set(system.routes.flatMap(({ path }) => pathParametersOf(path)));

/** `shippingAddressId` of an example becomes the id of an address of the person, because a route has `{addressId}`. */
export async function withOwnIds(system: AttackedSystem, value: unknown, person: Person, key = ''): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((each: unknown) => withOwnIds(system, each, person, key)));
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).map(async ([name, each]): Promise<[string, unknown]> => [
      name,
      await withOwnIds(system, each, person, name),
    ]);
    return Object.fromEntries(await Promise.all(fields));
  }
  const parameter = [...parameters(system)].find((name) => key.toLowerCase().endsWith(name.toLowerCase()));
  if (typeof value !== 'string' || parameter === undefined || !isOwned(system, parameter)) return value;
  return (await ownedId(system, parameter, person)) ?? value;
}

/** Whether resources of this parameter belong to people: whoever may read a product may read all of them. */
export const isOwned = (system: AttackedSystem, parameter: string): boolean =>
  !system.routes.some(
    ({ method, path, scope }) => method === 'get' && path.endsWith(`/{${parameter}}`) && scope === undefined,
  );
