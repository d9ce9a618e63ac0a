import type { Tree } from '@nx/devkit';
import { z } from 'zod';
import { addSent, removeSent } from './command.js';
import { addDefinition, demandNextVersion, removeDefinition } from './contract.js';
import { demandOwner } from './event.js';
import { fieldsOf, objectCode, objectSchema } from './fields.js';
import { removeFile, writeFile } from './files.js';
import { codeOf, objectSample } from './json.js';
import { addMigration, migrationsOf, removeMigration } from './migration.js';
import { bind, unbind } from './module.js';
import { importPath, plural, spell, type Spellings } from './names.js';
import { publish, schemaOf, unpublish } from './published.js';
import { addToReadme, removeFromReadme } from './readme.js';
import { demandBroker, demandDatabase, foldersOf, serviceEntry, type ServiceEntry } from './service.js';
import { constantOf, subjectOf, type Subject } from './subject.js';
import { addModel, columnOf, createTable, hasTable, removeModel, rowOf, type PieceTable } from './table.js';

export interface NewRpcOptions {
  /** Who answers it: the owner of the subject. */
  readonly service: string;
  /** `user.rpc.get-badge.v1`: a verb, and what is asked for. */
  readonly subject: string;
  /** Of the migration that makes the table it answers from, unless there is one. */
  readonly timestamp: string;
  /** What it does, in a sentence. Default: the words of the subject. */
  readonly summary?: string;
  /** `name:type` of what is found, besides its id; see `fieldTypes`. Default: when it was created. */
  readonly field?: readonly string[];
  /** A service that calls it: the broker lets it. */
  readonly from?: string;
}

/**
 * A new RPC: its contract and its handler, which answers from a table: `found: false`, or what it found.
 * @throws when the subject breaks the convention, belongs to another service or is defined, or the service has no
 *   account of the broker or no database
 */
export async function addRpc(tree: Tree, options: NewRpcOptions): Promise<void> {
  const { service, timestamp, from } = options;
  const entry = serviceEntry(tree, service);
  const subject = subjectOf(options.subject, 'rpc');
  demandOwner(subject, service);
  demandBroker(entry, 'An RPC');
  demandDatabase(entry, 'An RPC', 'because it answers from what its service owns');
  if (from !== undefined) demandBroker(serviceEntry(tree, from), 'To call an RPC');
  demandNextVersion(tree, subject);
  const fields = fieldsOf(['id:id', ...(options.field?.length ? options.field : ['createdAt:timestamp'])]);
  const parts = partsOf(entry, subject);
  const { thing } = parts;

  const found = objectSchema(fields);
  const request = z.object({ [`${thing.camel}Id`]: objectSchema(fields).shape['id'] as z.ZodType });
  const response = z.discriminatedUnion('found', [
    z.object({ found: z.literal(true), [thing.camel]: found }),
    z.object({ found: z.literal(false) }),
  ]);
  await addDefinition(tree, {
    subject,
    summary: options.summary ?? `${spell(subject.what).title}; \`found\` is false when there is none`,
    schemas: [
      `z.object({ ${thing.camel}Id: id })`,
      `z.discriminatedUnion('found', [z.object({ found: z.literal(true), ${thing.camel}: z.object(${objectCode(fields)}) }), ` +
        `z.object({ found: z.literal(false) })])`,
    ],
    fields,
  });
  publish(tree, subject.text, {
    schemas: { request: schemaOf(request, 'input'), response: schemaOf(response, 'output') },
  });
  const json = schemaOf(found, 'output');
  const columns = Object.entries(json.properties ?? {}).map(([field, schema]) =>
    columnOf(field, schema, (json.required ?? []).includes(field)),
  );
  const [key, ...others] = columns;
  if (!key) throw new Error('an RPC finds something with an id');
  const table: PieceTable = {
    name: parts.table,
    model: thing.pascal,
    comment: `What ${subject.text} finds`,
    key,
    others,
  };
  if (!hasTable(tree, service, table.name)) {
    addMigration(tree, { service, name: table.name, timestamp, sql: createTable(table) });
    addModel(tree, service, table);
  }
  const values = {
    ...parts,
    subject: subject.text,
    constant: constantOf(subject),
    columns: columns.map(rowOf),
    select: columns.map(({ name }) => `"${name}"`).join(', '),
    storePath: importPath(parts.files.handler, parts.files.store),
    paths: {
      handler: importPath(parts.files.test, parts.files.handler),
      store: importPath(parts.files.test, parts.files.store),
    },
    ...sampleValues(
      columns.map(({ name }) => name),
      objectSample(json),
    ),
  };
  await writeFile(tree, parts.files.handler, 'rpc-handler', values);
  await writeFile(tree, parts.files.store, 'rpc-store', values);
  await writeFile(tree, parts.files.test, 'rpc-spec', values);
  await bind(tree, service, {
    controller: {
      name: parts.handler.pascal,
      from: importPath(`apps/${service}/src/app.module.ts`, parts.files.handler),
    },
    provider: {
      provide: parts.store.pascal,
      code: `{ provide: ${parts.store.pascal}, inject: [PG_POOL], useFactory: (pool: pg.Pool) => new ${parts.store.pascal}(poolSql(pool)) }`,
      imports: [
        { name: parts.store.pascal, from: importPath(`apps/${service}/src/app.module.ts`, parts.files.store) },
        { name: 'PG_POOL', from: '@causeway/persistence' },
        { name: 'poolSql', from: '@causeway/persistence' },
      ],
    },
  });
  await addToReadme(tree, service, 'Serves', subject.text);
  if (from !== undefined) await addSent(tree, from, subject.text);
}

function sampleValues(names: readonly string[], sample: object) {
  const kept = Object.keys(sample).map((field) => spell(field).snake);
  return {
    sample: codeOf(sample),
    names: names
      .filter((name) => kept.includes(name))
      .map((name) => `"${name}"`)
      .join(', '),
    numbers: kept.map((_, index) => `$${index + 1}`).join(', '),
  };
}

export async function removeRpc(tree: Tree, { service, subject: text, timestamp, from }: NewRpcOptions): Promise<void> {
  const subject = subjectOf(text, 'rpc');
  const { files, handler, store, table, thing } = partsOf(serviceEntry(tree, service), subject);
  if (from !== undefined) await removeSent(tree, from, text);
  await removeFromReadme(tree, service, 'Serves', text);
  await unbind(tree, service, handler.pascal, store.pascal);
  for (const file of Object.values(files)) removeFile(tree, file);
  if (migrationsOf(tree, service).includes(`${timestamp}_${table}`)) {
    removeModel(tree, service, thing.pascal);
    removeMigration(tree, { service, name: table, timestamp });
  }
  await removeDefinition(tree, subject);
  unpublish(tree, text);
}

interface Parts {
  readonly thing: Spellings;
  readonly rows: Spellings;
  readonly table: string;
  readonly handler: Spellings;
  readonly store: Spellings;
  readonly files: { readonly handler: string; readonly store: string; readonly test: string };
}

function partsOf(entry: ServiceEntry, { what, version }: Subject): Parts {
  const [, ...words] = what.split('-');
  const thing = spell(words.join('-'));
  const rows = spell(plural(thing.kebab));
  const name = `${what}${version > 1 ? `-v${version}` : ''}`;
  const store = spell(`pg-${thing.kebab}${version > 1 ? `-v${version}` : ''}-reader`);
  const folders = foldersOf(entry, rows.kebab);
  return {
    thing,
    rows,
    table: rows.snake,
    handler: spell(`${name}-handler`),
    store,
    files: {
      handler: `${folders.handler}/${spell(name).kebab}.handler.ts`,
      store: `${folders.store}/${store.kebab}.ts`,
      test: `${folders.test}/${spell(name).kebab}.int.spec.ts`,
    },
  };
}
