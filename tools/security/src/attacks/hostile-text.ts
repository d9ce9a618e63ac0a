import type { RouteDefinition } from '@causeway/contracts';
import type { ApiDocument, FuzzedSchema } from '../api-document.js';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import type { AttackAnswer } from '../client.js';
import { encodedNotUtf8, harmless, injections, notUtf8, unstorable } from '../hostile-texts.js';
import { sendChanged, validRequest } from '../requests.js';

const mark = '@@here@@';

/** Injection (OWASP A03), and text that cannot be stored, in every string that a client can send. */
export const hostileText: Attack = {
  id: 'input/hostile-text',
  about: 'injections, unstorable text and bytes that are not UTF-8 in every string of every operation',
  fast: true,
  run: async (system, found) => {
    for (const [index, route] of system.routes.entries()) {
      const request = await validRequest(system, route, await system.spare(route));
      await inBodies(system, found, request, index);
      await inAddresses(system, found, request, index);
      await inHeaders(system, found, request, index);
    }
  },
};

type Request = Awaited<ReturnType<typeof validRequest>>;

async function inBodies(system: AttackedSystem, found: Found, request: Request, offset: number): Promise<void> {
  const { route, body } = request;
  const { schema } = system.document.body(route) ?? {};
  for (const at of allStrings(system.document, schema, body)) {
    const about = `${route.operationId} /${at.join('/')}`;
    for (const text of system.some(injections, 2, offset)) {
      const answer = await sendChanged(system, found, request, { body: withText(body, at, text) });
      harmless(found, `${about} ${JSON.stringify(text.slice(0, 40))}`, answer);
      if (answer.status < 400 && !isAction(route) && !isKept(answer, at, text))
        found(`${about}: ${text} was stored as something else`);
    }
    for (const text of system.some(unstorable, 2, offset)) {
      const { status } = await sendChanged(system, found, request, { body: withText(body, at, text) });
      if (status < 400) found(`${about}: ${JSON.stringify(text)} → ${status}`);
    }
    const [before = '', after = ''] = JSON.stringify(withText(body, at, mark)).split(mark);
    for (const bytes of system.some(notUtf8, 1, offset)) {
      const raw = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
      const { status } = await sendChanged(system, found, request, { raw });
      if (status !== 400) found(`${about}: the bytes ${bytes.toString('hex')} → ${status}`);
    }
  }
}

/** Path and query: unstorable text arrives there percent-encoded. */
async function inAddresses(system: AttackedSystem, found: Found, request: Request, offset: number): Promise<void> {
  const { route, path } = request;
  const texts = [...system.some(injections, 2, offset).map(encodeURIComponent), '%00', ...encodedNotUtf8];
  for (const { name, in: place } of system.document.parameters(route)) {
    if (place === 'header') continue;
    for (const text of texts) {
      const changed = place === 'query' ? `${path}?${name}=${text}` : pathWith(route, path, name, text);
      const answer = await sendChanged(system, found, request, { path: changed });
      harmless(found, `${route.operationId} ${changed.slice(0, 120)}`, answer);
      if (place === 'path' && answer.status < 400) found(`${route.operationId}: ${changed} → ${answer.status}`);
    }
  }
}

/** The path with another text for one of its parameters. */
function pathWith({ path: template }: RouteDefinition, path: string, name: string, text: string): string {
  const filled = path.split('/');
  return template
    .split('/')
    .map((segment, index) => (segment === `{${name}}` ? text : filled[index]))
    .join('/');
}

async function inHeaders(system: AttackedSystem, found: Found, request: Request, offset: number): Promise<void> {
  const declared = system.document.parameters(request.route).filter((each) => each.in === 'header');
  const names = [
    ...declared.map(({ name }) => name.toLowerCase()),
    'user-agent',
    'accept',
    'cookie',
    'accept-language',
  ];
  const texts = injections.filter((text) => /^[\x20-\x7e]+$/.test(text));
  for (const name of names.filter((each) => each !== 'psp-signature'))
    for (const text of system.some([...texts, '', 'é', '-1', '1e999', 'NaN'], 1, offset, 6)) {
      const answer = await sendChanged(system, found, request, { headers: { [name]: text } });
      harmless(found, `${request.route.operationId} ${name}: ${text.slice(0, 60)}`, answer);
    }
}

type Path = readonly string[];

/** Where a body has strings, those that the example leaves out included. */
function allStrings(document: ApiDocument, schema: FuzzedSchema | undefined, body: unknown): readonly Path[] {
  const seen = new Map<string, Path>();
  for (const at of [...stringsOf(body), ...(schema ? declaredStrings(document, schema) : [])])
    seen.set(at.join('/'), at);
  return [...seen.values()];
}

function declaredStrings(document: ApiDocument, part: FuzzedSchema, at: Path = []): Path[] {
  const { type, enum: values, properties = {}, items, anyOf = [], oneOf = [], allOf = [] } = document.resolve(part);
  return [
    ...((type === 'string' || type?.includes('string')) && !values ? [at] : []),
    ...Object.entries(properties).flatMap(([key, each]) => declaredStrings(document, each, [...at, key])),
    ...(items ? declaredStrings(document, items, [...at, '0']) : []),
    ...[...anyOf, ...oneOf, ...allOf].flatMap((each) => declaredStrings(document, each, at)),
  ];
}

/** Where the strings of a value are. */
function stringsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value === 'string') return [at];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) => stringsOf(each, [...at, key]));
}

function withText(value: unknown, [key, ...rest]: Path, text: string): unknown {
  if (key === undefined) return text;
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    return items.toSpliced(Number(key), 1, withText(items[Number(key)], rest, text));
  }
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { ...fields, [key]: withText(fields[key], rest, text) };
}

/** Whatever is sent the second time, an action has been taken already. */
const isAction = ({ method, path }: RouteDefinition): boolean => method === 'post' && path.includes('{');

/** Whether an accepted text comes back as it was sent, perhaps in a sentence, where it comes back at all. */
function isKept({ text: received }: AttackAnswer, at: Path, text: string): boolean {
  if (received === '') return true;
  const stored = at.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
    JSON.parse(received),
  );
  return typeof stored !== 'string' || stored.includes(text.trim());
}
