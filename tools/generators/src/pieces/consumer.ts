import type { Contract, ContractSchema } from '@causeway/contracts/published';
import type { Tree } from '@nx/devkit';
import type { Imported } from '../edit/imports.js';
import { addHandled, demandDefined, handlersOf, handlesAnything, removeHandled } from './contract.js';
import { publisherOf } from './event.js';
import { removeFile, writeFile } from './files.js';
import { codeOf, kindOf, objectSample } from './json.js';
import { addMigration, removeMigration } from './migration.js';
import { bind, unbind } from './module.js';
import { importPath, spell, type Spellings } from './names.js';
import { addPurge, removePurge } from './purges.js';
import { publishedContract } from './published.js';
import { addToReadme, removeFromReadme } from './readme.js';
import { demandBroker, demandDatabase, foldersOf, serviceEntry, type ServiceEntry } from './service.js';
import { constantOf, messageSubjectOf, subjectOf, type Subject } from './subject.js';
import { addModel, columnOf, createTable, hasTable, removeModel, type Column, type PieceTable } from './table.js';

export interface ConsumerOptions {
  /** Who handles the message. */
  readonly service: string;
  /** `order.evt.confirmed.v1`, of any service. */
  readonly subject: string;
  /** Of the migration that makes its table. */
  readonly timestamp: string;
  /** An event of the service that follows from it, in the same transaction. */
  readonly publishes?: string;
}

/**
 * A service handles a message: once, however often it is delivered, and keeps what the message says in a table of its
 * own. Of an aggregate with versions it keeps the newest.
 * @throws when there is no such message, the service handles it already, or has no account of the broker or no database
 */
export async function addConsumer(tree: Tree, options: ConsumerOptions): Promise<void> {
  const { service, timestamp } = options;
  const entry = serviceEntry(tree, service);
  const subject = messageSubjectOf(options.subject);
  demandBroker(entry, 'A consumer');
  demandDatabase(entry, 'A consumer', 'because its inbox is what makes a message take effect once');
  const constant = demandDefined(tree, subject);
  if (handlersOf(tree, subject, constant).includes(service))
    throw new Error(`${service} handles ${subject.text} already.`);
  const { schemas } = publishedContract(tree, subject.text);
  const parts = partsOf(entry, subject);
  const table = tableOf(subject, parts.table, schemas);
  if (hasTable(tree, service, table.name)) throw new Error(`${service} has a table ${table.name} already.`);
  const publishes =
    options.publishes === undefined ? undefined : resultOf(tree, entry, parts, options.publishes, schemas);

  await addHandled(tree, service, subject, constant);
  addMigration(tree, { service, name: table.name, timestamp, sql: createTable(table) });
  addModel(tree, service, table);
  await writeParts(tree, entry, parts, { subject, constant, table, publishes, schema: schemas['message'] ?? {} });
  await addPurge(tree, service, 'purgeInbox');
  await bind(tree, service, {
    controller: { name: parts.handler.pascal, from: fromSource(entry, parts.files.handler) },
    provider: providerOf(entry, parts, publishes),
  });
  await addToReadme(tree, service, 'Consumes', subject.text);
}

export async function removeConsumer(
  tree: Tree,
  { service, subject: text, timestamp }: ConsumerOptions,
): Promise<void> {
  const entry = serviceEntry(tree, service);
  const subject = messageSubjectOf(text);
  const parts = partsOf(entry, subject);
  await removeFromReadme(tree, service, 'Consumes', text);
  await unbind(tree, service, parts.handler.pascal, parts.useCase.pascal);
  for (const file of Object.values(parts.files)) removeFile(tree, file);
  removeModel(tree, service, spell(parts.table).pascal);
  removeMigration(tree, { service, name: parts.table, timestamp });
  await removeHandled(tree, service, subject, constantOf(subject));
  if (!handlesAnything(tree, service)) await removePurge(tree, service, 'purgeInbox');
}

/** Names and files of what handles one message. */
interface Parts {
  readonly table: string;
  readonly rows: Spellings;
  readonly handler: Spellings;
  readonly useCase: Spellings;
  readonly store: Spellings;
  readonly files: { readonly handler: string; readonly useCase: string; readonly store: string; readonly test: string };
}

function partsOf(entry: ServiceEntry, { owner, what, version }: Subject): Parts {
  // The name of a command begins with its verb, that of an event with what it is about.
  const feature = spell(`${owner === entry.name ? '' : `${owner}-`}${what}${version > 1 ? `-v${version}` : ''}`);
  const [handler, useCase, store] = [
    spell(`${feature.kebab}-handler`),
    spell(`record-${feature.kebab}`),
    spell(`pg-${feature.kebab}`),
  ];
  const folders = foldersOf(entry, feature.kebab);
  return {
    table: feature.snake,
    rows: feature,
    handler,
    useCase,
    store,
    files: {
      handler: `${folders.handler}/${feature.kebab}.handler.ts`,
      useCase: `${folders.useCase}/${useCase.kebab}.ts`,
      store: `${folders.store}/${store.kebab}.ts`,
      test: `${folders.test}/${feature.kebab}.int.spec.ts`,
    },
  };
}

const fromSource = ({ name }: ServiceEntry, file: string): string => importPath(`apps/${name}/src/app.module.ts`, file);

/** One row for what the message is about, or one for each message if it is about nothing with an id. */
function tableOf({ text, kind }: Subject, name: string, { message }: Contract['schemas']): PieceTable {
  const { properties = {}, required = [] } = message ?? {};
  const columns = Object.entries(properties).map(([field, schema]) =>
    columnOf(field, schema, required.includes(field)),
  );
  const key = columns.find(({ kind, nullable }) => kind === 'uuid' && !nullable);
  const said = kind === 'cmd' ? 'asked for' : 'said';
  return {
    name,
    comment: key ? `What ${text} ${said} last, by ${key.name}` : `What ${text} ${said}, message by message`,
    key: key ?? { field: 'messageId', name: 'message_id', kind: 'uuid', nullable: false },
    others: columns.filter((column) => column !== key),
  };
}

/** How an event that follows is filled from the message that it follows from. */
interface Result {
  readonly constant: string;
  readonly subject: string;
  readonly name: Spellings;
  readonly path: string;
  readonly data: string;
  readonly newIds: boolean;
  readonly newTimes: boolean;
}

function resultOf(
  tree: Tree,
  entry: ServiceEntry,
  parts: Parts,
  text: string,
  { message }: Contract['schemas'],
): Result {
  const subject = subjectOf(text, 'evt');
  if (subject.owner !== entry.name)
    throw new Error(`${entry.name} cannot publish ${text}: it belongs to ${subject.owner}.`);
  const constant = demandDefined(tree, subject);
  const { file, name } = publisherOf(tree, entry.name, subject);
  if (!tree.exists(file)) throw new Error(`${text} has no ${file} that publishes it. Make the event with new event.`);
  const { properties = {}, required = [] } = publishedContract(tree, text).schemas['message'] ?? {};
  const fields = Object.entries(properties)
    .filter(([field]) => required.includes(field))
    .map(([field, schema]) => [field, valueFor(field, schema, message ?? {})] as const);
  const empty = fields.find(([, code]) => code === undefined);
  if (empty)
    throw new Error(
      `${text} has the field ${empty[0]}, which follows from no field of the message. Give both the same name and ` +
        'type, or write the handler by hand.',
    );
  return {
    constant,
    subject: text,
    name,
    path: importPath(parts.files.useCase, file),
    data: `{ ${fields.map(([field, code]) => `${field}: ${code}`).join(', ')} }`,
    newIds: fields.some(([, code]) => code === 'this.newId()'),
    newTimes: fields.some(([, code]) => code === 'this.clock().toISOString()'),
  };
}

function valueFor(
  field: string,
  schema: ContractSchema,
  { properties = {}, required = [] }: ContractSchema,
): string | undefined {
  const same = properties[field];
  if (same && required.includes(field) && JSON.stringify(same) === JSON.stringify(schema)) return `data.${field}`;
  return { uuid: 'this.newId()', timestamp: 'this.clock().toISOString()' }[kindOf(schema) as 'uuid' | 'timestamp'];
}

function providerOf(entry: ServiceEntry, { useCase, store, rows, files }: Parts, publishes: Result | undefined) {
  const parameters = ['pool: pg.Pool', ...(publishes ? ['relay: OutboxRelay'] : [])];
  const bound = [
    `${rows.camel}: new ${store.pascal}(transaction.sql)`,
    ...(publishes ? [`outbox: Outbox.within(transaction, '${entry.name}', relay)`] : []),
  ];
  const given = [
    `new PgUnitOfWork(pool, (transaction: Transaction) => ({ ${bound.join(', ')} }))`,
    ...(publishes?.newIds ? ['uuidv7'] : []),
    ...(publishes?.newTimes ? ['() => new Date()'] : []),
  ];
  const imports: Imported[] = [
    { name: useCase.pascal, from: fromSource(entry, files.useCase) },
    { name: store.pascal, from: fromSource(entry, files.store) },
    { name: 'PG_POOL', from: '@causeway/persistence' },
    { name: 'PgUnitOfWork', from: '@causeway/persistence' },
    { name: 'Transaction', from: '@causeway/persistence', type: true },
    ...(publishes ? ['Outbox', 'OutboxRelay'].map((name) => ({ name, from: '@causeway/messaging' })) : []),
    ...(publishes?.newIds ? [{ name: 'v7 as uuidv7', from: 'uuid' }] : []),
  ];
  return {
    provide: useCase.pascal,
    code: `{
      provide: ${useCase.pascal},
      inject: [${['PG_POOL', ...(publishes ? ['OutboxRelay'] : [])].join(', ')}],
      useFactory: (${parameters.join(', ')}) => new ${useCase.pascal}(${given.join(', ')}),
    }`,
    imports,
  };
}

interface Written {
  readonly subject: Subject;
  readonly constant: string;
  readonly table: PieceTable;
  readonly publishes: Result | undefined;
  readonly schema: ContractSchema;
}

async function writeParts(tree: Tree, entry: ServiceEntry, parts: Parts, written: Written): Promise<void> {
  const { handler, useCase, store, rows, files } = parts;
  const { subject, constant, table, publishes, schema } = written;
  const { key, others, name } = table;
  const messageKey = key.field === 'messageId' && schema.properties?.['messageId'] === undefined;
  const versioned = others.some(({ field }) => field === 'version');
  const { insert, replaces } = upsertOf(table, versioned);
  const data = objectSample(schema, 1);
  const changed = others.filter(({ nullable, kind }) => !nullable && kind !== 'json');
  const next = objectSample(schema, 2) as Record<string, unknown>;
  const values = {
    subject: subject.text,
    constant,
    handler,
    useCase,
    store,
    rows,
    table: name,
    publishes,
    messageKey,
    versioned,
    replaces,
    insert,
    useCasePath: importPath(files.handler, files.useCase),
    saves: savesOf(table, versioned, replaces),
    parameters: [key, ...others].map((column) => parameterOf(column, messageKey && column === key)).join(', '),
    service: entry.name,
    paths: { handler: importPath(files.test, files.handler), useCase: importPath(files.test, files.useCase) },
    sample: codeOf(data),
    other:
      changed.length > 0 ? codeOf(Object.fromEntries(changed.map(({ field }) => [field, next[field]]))) : undefined,
    keyField: messageKey ? '' : key.field,
    rowParameter: rowParameter(messageKey ? others : [key, ...others]),
    row: `{ ${(messageKey ? others : [key, ...others]).map(rowEntry).join(', ')} }`,
    columns: (messageKey ? others : [key, ...others]).map((column) => `"${column.name}"`).join(', '),
  };
  await writeFile(tree, files.handler, 'handler', values);
  await writeFile(tree, files.useCase, 'use-case', values);
  await writeFile(tree, files.store, 'store', values);
  await writeFile(tree, files.test, 'handler-spec', values);
}

function upsertOf(
  { name, key, others }: PieceTable,
  versioned: boolean,
): { readonly insert: string; readonly replaces: boolean } {
  const columns = [key, ...others];
  const into = `INSERT INTO "${name}" (${columns.map((column) => `"${column.name}"`).join(', ')})
       VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`;
  const replaces = others.length > 0 && key.field !== 'messageId';
  if (!replaces) return { insert: `${into} ON CONFLICT DO NOTHING`, replaces };
  const set = others.map((column) => `"${column.name}" = excluded."${column.name}"`).join(', ');
  const newer = versioned ? `\n       WHERE excluded."version" > "${name}"."version"` : '';
  return { insert: `${into}\n       ON CONFLICT ("${key.name}") DO UPDATE SET ${set}${newer}`, replaces };
}

function savesOf({ key }: PieceTable, versioned: boolean, replaces: boolean): string {
  if (!replaces) return 'Adds a row; one that is there stays.';
  return `Keeps one row for each ${key.field}: ${versioned ? 'that of the highest version' : 'what the last message said'}.`;
}

function parameterOf({ field, kind, nullable }: Column, isMessageId: boolean): string {
  if (isMessageId) return 'messageId';
  const value = nullable ? `data.${field} ?? null` : `data.${field}`;
  return kind === 'json' ? `JSON.stringify(${value})` : value;
}

const rowParameter = (columns: readonly Column[]): string => `{ ${columns.map(({ field }) => field).join(', ')} }`;

/** A column as node-postgres returns it. */
function rowEntry({ field, name, kind, nullable }: Column): string {
  const value =
    { timestamp: `new Date(${field})`, bigint: `String(${field})` }[kind as 'timestamp' | 'bigint'] ?? field;
  if (nullable && value !== field) return `${name}: ${field} === undefined || ${field} === null ? null : ${value}`;
  return nullable ? `${name}: ${field} ?? null` : name === value ? name : `${name}: ${value}`;
}
