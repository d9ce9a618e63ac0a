import { randomUUID } from 'node:crypto';
import { authorisation, pathParametersOf, scopes, type RouteDefinition } from '@causeway/contracts';
import type { Attack } from '../attack.js';
import { isOwned, ownedId, sendChanged, validRequest, withOwnIds } from '../requests.js';

/** Whether a customer reaches only their own with this route. */
const isOwnersOnly = ({ operationId }: RouteDefinition): boolean => {
  const permission = authorisation[operationId];
  return typeof permission === 'object' && permission.customer === 'own';
};

/** Broken object level authorization (OWASP API1): an id is no permission. */
export const otherCustomers: Attack = {
  id: 'authorization/other-customer',
  about: 'every id of a customer with the token of another, in paths, bodies, lists, pages and idempotency keys',
  fast: true,
  run: async (system, found) => {
    const { victim, stranger, routes } = system;
    for (const route of routes.filter((each) => each.path.includes('{') && isOwnersOnly(each))) {
      for (const parameter of pathParametersOf(route.path))
        if ((await ownedId(system, parameter, victim)) === undefined)
          found(`${route.operationId}: known-requests.ts does not say how to make a resource for {${parameter}}`);
      const request = await validRequest(system, route, victim);
      const authorization = (await system.authorization(route, stranger)) ?? null;
      const answer = await sendChanged(system, found, request, { authorization });
      if (answer.status !== 404 && answer.status !== 403)
        found(`${route.operationId}: a stranger gets ${answer.status} ${answer.text.slice(0, 120)}`);
    }
    await idsInBodies(system, found);
    await lists(system, found);
    await idempotencyKeys(system, found);
    if (system.inside) await otherScopes(system, found);
  },
};

/** An id of the victim in a body of the stranger. */
const idsInBodies: Attack['run'] = async (system, found) => {
  for (const route of system.routes.filter((each) => each.body && isOwnersOnly(each))) {
    const request = await validRequest(system, route, system.stranger);
    const theirs = await withOwnIds(system, request.body, system.victim);
    if (JSON.stringify(theirs) === JSON.stringify(request.body)) continue;
    const answer = await sendChanged(system, found, request, { body: theirs });
    if (answer.status < 400) found(`${route.operationId}: a stranger may name an id of the victim: ${answer.status}`);
  }
};

/** What the stranger reads without naming an id holds nothing of the victim. */
const lists: Attack['run'] = async (system, found) => {
  const { victim, stranger } = system;
  const parameters = new Set(system.routes.flatMap(({ path }) => pathParametersOf(path)));
  const ids = await Promise.all(
    [...parameters].filter((each) => isOwned(system, each)).map((each) => ownedId(system, each, victim)),
  );
  const secrets = [victim.id, victim.email, ...ids.filter((id) => id !== undefined)];
  for (const route of system.routes.filter(({ method, path }) => method === 'get' && !path.includes('{'))) {
    const { text } = await sendChanged(system, found, await validRequest(system, route, stranger));
    for (const secret of secrets) if (text.includes(secret)) found(`${route.operationId}: a stranger sees ${secret}`);
  }
};

/** The key of somebody else’s request opens neither its answer nor stands in the way of one’s own. */
const idempotencyKeys: Attack['run'] = async (system, found) => {
  const { victim, stranger } = system;
  for (const route of system.routes.filter(({ idempotent, body }) => idempotent && body)) {
    const key = { headers: { 'idempotency-key': randomUUID() } };
    const first = await sendChanged(system, found, await validRequest(system, route, victim), key);
    const theirs = await sendChanged(system, found, await validRequest(system, route, stranger), key);
    if (route.scope === undefined) continue; // Nobody is known there: the same key is the same request.
    if (theirs.status !== first.status || theirs.headers['idempotency-replayed'] !== undefined)
      found(`${route.operationId}: the idempotency key of another → ${theirs.status}`);
    if (first.text !== '' && first.text === theirs.text)
      found(`${route.operationId}: the idempotency key of another opens its answer`);
  }
};

/** A token with every scope but those of the route. */
const otherScopes: Attack['run'] = async (system, found) => {
  const all = Object.values(scopes);
  for (const route of system.routes.filter(({ scope }) => scope !== undefined)) {
    const request = await validRequest(system, route, system.victim);
    const others = all.filter((scope) => scope !== route.scope && scope !== route.staffScope);
    const authorization = `Bearer ${await system.victim.token(others)}`;
    const service = system.service(route.owner);
    for (const base of [undefined, ...(service && route.owner !== 'gateway' ? [new URL(service.url)] : [])]) {
      const { status } = await sendChanged(system, found, request, { authorization, base });
      if (status !== 403)
        found(`${route.operationId}${base ? ' of the service' : ''}: a token with every other scope → ${status}`);
    }
  }
};
