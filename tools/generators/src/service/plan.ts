import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { parse, nameOf, valueOf } from '../edit/source.js';
import { constantOf, namesOf, problemOfServiceName, type ServiceNames } from './names.js';

/** As on the command line, and as they are recorded. */
export interface ServiceOptions {
  readonly name: string;
  readonly title?: string;
  readonly shape?: 'domain' | 'flat';
  readonly database?: boolean;
  readonly publishes?: readonly string[];
  readonly consumes?: readonly string[];
  readonly http?: boolean;
  /** It records nothing and has no routes: pieces fill it. */
  readonly empty?: boolean;
  /** Of the first migration, `20261128093000`. Default: now. */
  readonly timestamp?: string;
}

/** An event that the service publishes. */
export interface PublishedEvent {
  readonly subject: string;
  /** `invoiceSent` */
  readonly constant: string;
  /** `An invoice was sent` */
  readonly summary: string;
}

/** An event of another service that it handles. */
export interface ConsumedEvent {
  readonly subject: string;
  readonly constant: string;
  readonly owner: string;
  /** The field of its data that says whose it is; undefined when there is none. */
  readonly ownerField: string | undefined;
}

/** Everything that the files of a service follow from. */
export interface ServicePlan extends ServiceNames {
  readonly title: string;
  readonly shape: 'domain' | 'flat';
  readonly database: boolean;
  /** Whether it records something. An empty one does not: pieces fill it. */
  readonly entity: boolean;
  /** It has routes of its own. */
  readonly http: boolean;
  /** It checks tokens, as routes need. */
  readonly tokens: boolean;
  readonly publishes: readonly PublishedEvent[];
  readonly consumes: readonly ConsumedEvent[];
  readonly timestamp: string;
  /** Whether something without an owner is recorded, too: an event that names none. */
  readonly ownerless: boolean;
}

/** @throws when the options cannot be; the message says what to do */
export function planOf(tree: Tree, options: ServiceOptions): ServicePlan {
  const { name, shape = 'domain', http: tokens = false, empty = false } = options;
  const problem = problemOfServiceName(name, projectsOf(tree));
  if (problem !== undefined) throw new Error(`No service can have this name: ${problem}.`);
  const names = namesOf(name);
  const publishes = distinct(options.publishes).map((subject) => publishedEvent(names, subject));
  const consumes = distinct(options.consumes).map((subject) => consumedEvent(tree, name, subject));
  // An event leaves by the outbox, and is handled once by the inbox: both are tables.
  const database = (options.database ?? false) || publishes.length > 0 || consumes.length > 0;
  const { timestamp = now() } = options;
  if (!/^\d{14}$/.test(timestamp)) throw new Error(`A timestamp has 14 digits, as in ${now()}: ${timestamp}`);
  const title = options.title?.trim() || `${repositoryTitle(tree)} ${name} service`;
  if (/["'`\\<>{}$\n]/.test(title)) throw new Error(`The title cannot have quotes, brackets or $: ${title}`);
  if (empty && publishes.length + consumes.length > 0)
    throw new Error('An empty service has no messages yet. Add them afterwards: new event, new consumer.');
  const http = tokens && !empty;
  const entity = database && (http || publishes.length > 0 || consumes.length > 0);
  const plan = { ...names, title, shape, database, entity, http, tokens, publishes, consumes, timestamp };
  const ownerless = consumes.some(({ ownerField }) => ownerField === undefined);
  demandFreeNames(tree, plan);
  return { ...plan, ownerless };
}

const distinct = (values: readonly string[] | undefined): string[] => [
  ...new Set((values ?? []).flatMap((each) => each.split(',')).map((each) => each.trim())),
];

const now = (): string => new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);

/** `order` of `apps/order`, `messaging` of `libs/messaging`: all are packages of one scope. */
const projectsOf = (tree: Tree): string[] =>
  ['apps', 'libs', 'tools'].flatMap((folder) =>
    tree.children(folder).filter((each) => tree.exists(`${folder}/${each}/package.json`)),
  );

function repositoryTitle(tree: Tree): string {
  const [, title = ''] = /^# (.+)$/m.exec(tree.read('README.md', 'utf8') ?? '') ?? [];
  return title;
}

function publishedEvent({ name, one }: ServiceNames, subject: string): PublishedEvent {
  const [, what = ''] = new RegExp(`^${name}\\.evt\\.([a-z]+(?:-[a-z]+)*)\\.v[1-9]\\d*$`).exec(subject) ?? [];
  if (what === '')
    throw new Error(`${name} cannot publish ${subject}: its events are called ${name}.evt.<what happened>.v1.`);
  const happened = what.includes('-') ? `${what.replaceAll('-', ' ')}, said by ${name}` : `${one} was ${what}`;
  return { subject, constant: constantOf(subject), summary: `${happened[0]?.toUpperCase()}${happened.slice(1)}` };
}

function consumedEvent(tree: Tree, name: string, subject: string): ConsumedEvent {
  const [owner = '', kind] = subject.split('.');
  const text = tree.read(`libs/contracts/src/messages/${owner}.ts`, 'utf8');
  if (owner === name) throw new Error(`${name} cannot consume ${subject}: it is its own.`);
  const found = text === null ? undefined : eventIn(text, subject);
  if (kind === 'evt' && found) return { subject, owner, ...found };
  const events = eventsOf(tree);
  throw new Error(
    `Nobody publishes ${subject}. The events are: ${events.length === 0 ? 'none yet' : events.join(', ')}.`,
  );
}

const eventsOf = (tree: Tree): string[] =>
  tree
    .children('libs/contracts/src/messages')
    .flatMap((file) => [
      ...(tree.read(`libs/contracts/src/messages/${file}`, 'utf8') ?? '').matchAll(/event\(\s*'([^']+)'/g),
    ])
    .map(([, subject]) => subject!);

/** The constant of an event, and the field that says whose it is. */
function eventIn(text: string, subject: string): Pick<ConsumedEvent, 'constant' | 'ownerField'> | undefined {
  const source = parse(text);
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [declaration] = statement.declarationList.declarations;
    const call = declaration?.initializer;
    if (!call || !ts.isCallExpression(call)) continue;
    const [first, , data] = call.arguments;
    if (!first || !ts.isStringLiteral(first) || first.text !== subject || !data) continue;
    const fields = fieldsOf(source, data);
    return {
      constant: nameOf(statement),
      ownerField: ['ownerId', 'customerId', 'userId', 'authorId'].find((field) => fields.includes(field)),
    };
  }
  return undefined;
}

/** The fields of `z.object({ a, b, ...c })`, where `c` is a constant of the same file. */
function fieldsOf(source: ts.SourceFile, node: ts.Node): string[] {
  if (ts.isCallExpression(node)) return node.arguments.flatMap((each) => fieldsOf(source, each));
  if (ts.isIdentifier(node)) return fieldsOf(source, valueOf(source, node.text));
  if (!ts.isObjectLiteralExpression(node)) return [];
  return node.properties.flatMap((property) =>
    ts.isSpreadAssignment(property) ? fieldsOf(source, property.expression) : [nameOf(property)],
  );
}

/** The exported names of types are unique in the repository: the checks want it, and so does whoever searches. */
function demandFreeNames(tree: Tree, { name, Entity, Entities }: ServiceNames): void {
  const wanted = [`${Entity}View`, `New${Entity}`, `Record${Entity}`, Entity, Entities];
  const word = new RegExp(`^export (?:class|interface|type|const) (${wanted.join('|')})\\b`, 'm');
  for (const folder of ['apps', 'libs', 'tools'])
    for (const project of tree.children(folder)) {
      const file = sourcesOf(tree, `${folder}/${project}/src`).find((each) => word.test(tree.read(each, 'utf8') ?? ''));
      const [, found] = file === undefined ? [] : (word.exec(tree.read(file, 'utf8') ?? '') ?? []);
      if (found !== undefined)
        throw new Error(`No service can be called ${name}: its type ${found} is in ${file} already.`);
    }
}

const sourcesOf = (tree: Tree, folder: string): string[] =>
  tree
    .children(folder)
    .filter((each) => each !== 'generated' && each !== 'testing' && !each.endsWith('.spec.ts'))
    .map((each) => `${folder}/${each}`)
    .flatMap((path) => (tree.isFile(path) ? (path.endsWith('.ts') ? [path] : []) : sourcesOf(tree, path)));
