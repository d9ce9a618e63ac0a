import { managementEndpoints, scopesOf, type EndpointAccess } from '@causeway/contracts';
import type { ServiceInstance } from '@causeway/launcher';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem, Inside } from '../attacked-system.js';
import { inWords, problemComplaints } from '../judge.js';

/** Of whoever got at the network: the management ports, which the gateway does not lead to. */
export const managementPort: Attack = {
  id: 'management/routes',
  about: 'every route of every management port without its token, with almost the right one, and with bad input',
  fast: true,
  inside: true,
  run: async (system, found) => {
    const inside = system.inside!;
    for (const service of inside.system.services) {
      const routes = await routesOf(service, inside);
      const listed = managementEndpoints.filter(({ token }) => token !== undefined).map(nameOf);
      for (const route of routes) {
        if (!listed.includes(route)) found(`${service.id}: ${route} is not in authorisation.ts`);
        await withoutRight(system, found, service, route);
        await withBadInput(system, found, service, route);
      }
    }
  },
};

/** `POST /governance/keys/rotate` */
const nameOf = ({ method, path }: EndpointAccess): string => `${method ?? 'GET'} ${path}`;

/** As the service itself says, so that a new route is attacked before anybody lists it. */
async function routesOf({ managementUrl }: ServiceInstance, { system }: Inside): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${system.secrets.operatorToken}` };
  const response = await fetch(`${managementUrl}/governance`, { headers });
  return ['GET /governance', ...((await response.json()) as { routes: string[] }).routes];
}

async function withoutRight(system: AttackedSystem, found: Found, service: ServiceInstance, route: string) {
  const { operatorToken, managementToken } = system.inside!.system.secrets;
  const right = route.startsWith('GET') ? managementToken : operatorToken;
  const everything = [...new Set(Object.values(scopesOf).flat())];
  const forged: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'no token': {},
    'an empty token': { authorization: 'Bearer ' },
    'a scheme only': { authorization: 'Bearer' },
    'another token of the same length': { authorization: `Bearer ${'x'.repeat(right.length)}` },
    'a character less': { authorization: `Bearer ${right.slice(0, -1)}` },
    'a character more': { authorization: `Bearer ${right}x` },
    'the token twice': { authorization: `Bearer ${right}, Bearer ${right}` },
    'another scheme': { authorization: `Basic ${Buffer.from(`operator:${right}`).toString('base64')}` },
    'no scheme': { authorization: right },
    'the token as a cookie': { cookie: `access_token=${right}` },
    'the token in another header': { 'x-authorization': `Bearer ${right}` },
    'a token of a customer': { authorization: `Bearer ${await system.victim.issued()}` },
    'a token with every scope': { authorization: `Bearer ${await system.victim.token(everything)}` },
    ...(!route.startsWith('GET') && { 'the token of readers': { authorization: `Bearer ${managementToken}` } }),
  };
  for (const [about, headers] of Object.entries(forged)) {
    const { status } = await ask(system, found, service, route, { headers, body: '{"who":"mallory"}' });
    if (status !== 401) found(`${service.id} ${route}: ${about} → ${status}`);
  }
  const [method = '', path = ''] = route.split(' ');
  const { status } = await ask(system, found, service, `${method} ${path}?access_token=${right}`, { headers: {} });
  if (status !== 401) found(`${service.id} ${route}: the token in the address → ${status}`);
}

/** Nothing of this may be done; and nothing of it is done by mistake, because each has a field that no route has. */
const badBodies: readonly (string | Buffer)[] = [
  '',
  'null',
  '[]',
  '"text"',
  '{}',
  '{"who":"mallory","a77a":1}',
  '{"who":"mallory","__proto__":{"a77a":1},"a77a":1}',
  '{"who":1,"a77a":1}',
  '{"who":"","a77a":1}',
  '{"who":"two\\nlines","a77a":1}',
  '{"who":"a\\u0000","a77a":1}',
  '{"who":"\\ud800","a77a":1}',
  `{"who":"${'a'.repeat(200)}","a77a":1}`,
  `{"who":"mallory","a77a":"${'a'.repeat(5_000)}"}`,
  `{"who":"mallory","a77a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
  Buffer.concat([Buffer.from('{"who":"'), Buffer.from([0xff]), Buffer.from('","a77a":1}')]),
];

async function withBadInput(system: AttackedSystem, found: Found, service: ServiceInstance, route: string) {
  const headers = { authorization: `Bearer ${system.inside!.system.secrets.operatorToken}` };
  if (route.startsWith('GET'))
    for (const query of ['a77a=1', 'a77a=%00', '__proto__[a]=1', `a=${'a'.repeat(7_000)}`])
      await ask(system, found, service, `${route}?${query}`, { headers });
  else
    for (const body of badBodies) {
      const { status } = await ask(system, found, service, route, { headers, body });
      if (status < 400) found(`${service.id} ${route}: ${body.toString().slice(0, 80)} → ${status}`);
    }
}

/** Sends it, and reports an error that is none of the client’s or no complete problem document. */
async function ask(
  system: AttackedSystem,
  found: Found,
  { id, managementUrl }: ServiceInstance,
  route: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body?: string | Buffer },
) {
  const [method = '', path = ''] = route.split(' ');
  const content = method === 'GET' || body === undefined ? {} : { body };
  const sent = { method, path, headers: { 'content-type': 'application/json', ...headers }, ...content };
  const answer = await system.http.send(sent, new URL(managementUrl));
  const complaints = answer.status >= 400 || answer.status === 0 ? problemComplaints(answer) : [];
  for (const complaint of complaints) found(`${id} ${inWords(sent, answer)}: ${complaint}`);
  if (answer.status >= 500) found(`${id} ${inWords(sent, answer)}`);
  return answer;
}
