import { id, scopes, timestamp, version } from '@causeway/contracts';
import type { Tree } from '@nx/devkit';
import { z } from 'zod';
import { edit } from '../edit/file.js';
import { addImport, type Imported } from '../edit/imports.js';
import { insert, remove } from '../edit/list.js';
import { classOf, ensureBefore, interfaceOf, parse, withoutUnused } from '../edit/source.js';
import { removeUnusedImports } from './contract.js';
import { fieldsOf, objectSchema } from './fields.js';
import { removeFile, writeFile } from './files.js';
import { addMigration, removeMigration } from './migration.js';
import { bind, unbind } from './module.js';
import { importPath, spell } from './names.js';
import { routeNodes, schemaOf } from './published.js';
import { addPurge, removePurge } from './purges.js';
import { addRouteToReadme, removeRouteFromReadme } from './readme.js';
import { fromModule, isMade, madeParent, resourceOf, type RouteResource } from './resource.js';
import { codeOf, type RouteOperation, type OperationChoice } from './route-code.js';
import {
  addEntry,
  addSchemas,
  hasOperation,
  methods,
  pathOf,
  recordedSchemas,
  removeEntry,
  removeSchemas,
  takenBy,
  type ResourceSchemas,
} from './route-contract.js';
import { eventOf } from './route-event.js';
import { declarationsOf, specValues, storeValues, testingValues } from './route-values.js';
import { demandBroker, demandDatabase, serviceEntry, type ServiceEntry } from './service.js';
import { addModel, createTable, removeModel } from './table.js';
import { bodyColumns, tableOf } from './resource-table.js';

export interface RouteOptions {
  /** Who owns it. */
  readonly service: string;
  /** GET, POST, PUT or DELETE. */
  readonly method: string;
  /** A collection or an item of it: `/v1/posts`, `/v1/posts/{postId}`, `/v1/posts/{postId}/comments`. */
  readonly path: string;
  /** Of the migration that makes the table; the first route of a collection makes it. */
  readonly timestamp: string;
  /** The operation id. Default: `listPosts`, `getPost`, `createPost`, `replacePost`, `removePost`. */
  readonly operation?: string;
  /** In the third person: "Lists posts". */
  readonly summary?: string;
  /** A key of `scopes`, as `profile`. Without it anybody may read. What changes something needs one. */
  readonly scope?: string;
  /** `name:type` of what people send; see `fieldTypes`. For the first route of a collection. */
  readonly field?: readonly string[];
  /** Demands an `Idempotency-Key`. Default: a POST does. */
  readonly idempotent?: boolean;
  /** Demands `If-Match`. Default: PUT and DELETE do. */
  readonly versioned?: boolean;
  /** Of a POST: an event of the service that is published with it. */
  readonly publishes?: string;
}

/**
 * A new route: its entry in the contract with schemas and examples, its table, use case and controller, and a test. A
 * person sees and changes their own only, if the route has a scope.
 * @throws when the path is taken or no collection, the scope is missing or none, or the service has no database
 */
export async function addRoute(tree: Tree, options: RouteOptions): Promise<void> {
  const plan = planOf(tree, options);
  const { resource, entry, choice } = plan;
  const { service, files, thing, things } = resource;
  const first = !isMade(tree, resource);
  const schemas = first ? await makeResource(tree, plan, options) : recordedSchemas(tree, resource);
  if (!schemas) throw new Error(`${files.contract} was not made by this generator. Write the route by hand.`);
  const table = tableOf(resource, schemas.view, plan.parent);
  const code = codeOf(resource, choice, bodyColumns(schemas), [table.key, ...table.others]);
  const declared = declarationsOf(resource, choice);

  await addEntry(tree, resource, entry, schemas);
  const port = code.port;
  await edit(
    tree,
    files.useCases,
    ...(port ? [(text: string) => insert(interfaceOf(parse(text), `${thing.pascal}Store`), port)] : []),
    (text) => insert(classOf(parse(text), things.pascal), code.useCase, { apart: true }),
    ...imports(code.imports.useCases, files.useCases),
    ...declared.useCases.map((each) => (text: string) => ensureBefore(text, things.pascal, each)),
  );
  const member = code.store;
  await edit(
    tree,
    files.store,
    ...(member ? [(text: string) => insert(classOf(parse(text), `Pg${things.pascal}`), member, { apart: true })] : []),
    ...imports(code.imports.store, files.store),
    ...imports(declared.storeImports, files.store),
    ...declared.store.map((each) => (text: string) => ensureBefore(text, `Pg${things.pascal}`, each)),
  );
  await edit(
    tree,
    files.controller,
    (text) => insert(classOf(parse(text), `${things.pascal}Controller`), code.controller, { apart: true }),
    ...imports(code.imports.controller, files.controller),
    ...imports(declared.controllerImports, files.controller),
    ...declared.controller.map((each) => (text: string) => ensureBefore(text, `${things.pascal}Controller`, each)),
  );
  if (entry.idempotent) await addPurge(tree, service.name, 'purgeIdempotency');
  await writeFile(tree, plan.test, `route-${entry.operation}-spec`, specValues(plan, schemas));
  await addRouteToReadme(tree, service.name, `${methods[entry.operation]} ${pathOf(resource, entry.operation)}`);
}

const imports = (all: readonly Imported[], file: string) =>
  all.map(
    (each) => (text: string) =>
      addImport(text, each.from.startsWith('apps/') ? { ...each, from: importPath(file, each.from) } : each),
  );

/** Takes a route back, and with the last of a collection its table, which must not be applied anywhere. */
export async function removeRoute(tree: Tree, options: RouteOptions): Promise<void> {
  const service = serviceEntry(tree, options.service);
  const { isItem, ...resource } = resourceOf(service, options.path);
  const operation = operationOf(options.method, isItem);
  const operationId = options.operation ?? operationIdOf(resource, operation);
  const { files, thing, things } = resource;
  const idempotent = (options.idempotent ?? operation === 'create') && operation === 'create';
  await removeRouteFromReadme(tree, service.name, `${methods[operation]} ${pathOf(resource, operation)}`);
  removeFile(tree, testOf(service, operationId));
  await removeEntry(tree, resource, operationId);
  if (idempotent && !routeNodes(tree).some((node) => isIdempotentOf(node.getText(), service.name)))
    await removePurge(tree, service.name, 'purgeIdempotency');
  if (recordedSchemas(tree, resource) === undefined) return unmakeResource(tree, resource, options.timestamp);
  const { port, store } = memberNames[operation];
  const tidy = [withoutUnused, removeUnusedImports];
  await edit(
    tree,
    files.useCases,
    ...(port ? [(text: string) => remove(interfaceOf(parse(text), `${thing.pascal}Store`), port)] : []),
    (text) => remove(classOf(parse(text), things.pascal), operation),
    ...tidy,
  );
  await edit(
    tree,
    files.store,
    ...(store ? [(text: string) => remove(classOf(parse(text), `Pg${things.pascal}`), store)] : []),
    ...tidy,
  );
  await edit(
    tree,
    files.controller,
    (text) => remove(classOf(parse(text), `${things.pascal}Controller`), operation),
    ...tidy,
  );
}

const isIdempotentOf = (route: string, service: string): boolean =>
  route.includes('idempotent: true') && route.includes(`owner: '${service}'`);

const memberNames = {
  list: { port: 'list', store: 'list' },
  find: { port: undefined, store: undefined },
  create: { port: 'insert', store: 'insert' },
  replace: { port: 'update', store: 'update' },
  remove: { port: 'delete', store: 'delete' },
} as const;

/** What a route comes down to. */
export interface RoutePlan {
  readonly resource: RouteResource;
  /** The resource that it is directly in, if an earlier route made that. */
  readonly parent: RouteResource | undefined;
  readonly entry: {
    readonly operationId: string;
    readonly operation: RouteOperation;
    readonly summary: string;
    readonly scope?: string;
    readonly idempotent: boolean;
    readonly versioned: boolean;
  };
  readonly choice: OperationChoice;
  readonly test: string;
  /** The event that is published. */
  readonly publishes: string | undefined;
}

function planOf(tree: Tree, options: RouteOptions): RoutePlan {
  const { path, method, scope, publishes } = options;
  const service = serviceEntry(tree, options.service);
  if (service.edge)
    throw new Error(`${service.name} forwards to the owners of routes and has no data: give the route to a service.`);
  demandDatabase(service, 'A route', 'where its things are');
  const { isItem, ...found } = resourceOf(service, path);
  const operation = operationOf(method, isItem);
  const taken = takenBy(tree, methods[operation], path);
  if (taken) throw new Error(`${methods[operation]} ${path} is taken: it is the operation ${taken}.`);
  demandScope(service, scope, operation);
  const parent = madeParent(tree, found);
  const resource = { ...found, parentTable: parent?.table };
  const operationId = options.operation ?? operationIdOf(resource, operation);
  if (!/^[a-z][a-zA-Z0-9]*$/.test(operationId)) throw new Error(`${operationId} is no operation id, as listPosts is.`);
  if (hasOperation(tree, operationId))
    throw new Error(`There is an operation ${operationId}. Give another with --operation.`);
  const summary = options.summary ?? summaryOf(resource, operation);
  if (!/^[A-Z][a-z]+s /.test(summary))
    throw new Error(`The summary is in the third person, as “Lists posts”: ${summary}`);
  const chosen = {
    idempotent: options.idempotent ?? operation === 'create',
    versioned: options.versioned ?? isChange(operation),
  };
  demandFlags(chosen, operation);
  if (publishes !== undefined && operation !== 'create') throw new Error('Only a POST publishes an event with it.');
  if (publishes !== undefined) demandBroker(service, 'An event');
  return {
    resource,
    parent,
    publishes,
    entry: { operationId, operation, summary, ...(scope && { scope }), ...chosen },
    choice: {
      operation,
      ...(scope && { scope }),
      ...chosen,
      ...(publishes && { publishes: eventOf(tree, resource, publishes) }),
    },
    test: testOf(service, operationId),
  };
}

const isChange = (operation: RouteOperation): boolean => operation === 'replace' || operation === 'remove';
const testOf = ({ name }: ServiceEntry, operationId: string): string =>
  `apps/${name}/test/${spell(operationId).kebab}.int.spec.ts`;

function operationOf(method: string, isItem: boolean): RouteOperation {
  const operations: Record<string, RouteOperation | undefined> = isItem
    ? { GET: 'find', PUT: 'replace', DELETE: 'remove' }
    : { GET: 'list', POST: 'create' };
  const found = operations[method.toUpperCase()];
  if (found) return found;
  throw new Error(
    `${method} on ${isItem ? 'an item' : 'a collection'} is written by hand. This makes ${Object.keys(operations).join(', ')} on it.`,
  );
}

function operationIdOf({ thing, things }: RouteResource, operation: RouteOperation): string {
  const verb = { list: 'list', find: 'get', create: 'create', replace: 'replace', remove: 'remove' }[operation];
  return `${verb}${operation === 'list' ? things.pascal : thing.pascal}`;
}

function summaryOf({ thing, things }: RouteResource, operation: RouteOperation): string {
  const [one, many] = [thing.title.toLowerCase(), things.title.toLowerCase()];
  const a = `${/^[aeiou]/.test(one) ? 'an' : 'a'} ${one}`;
  return {
    list: `Lists ${many}`,
    find: `Gets ${a}`,
    create: `Creates ${a}`,
    replace: `Replaces ${a}`,
    remove: `Deletes ${a}`,
  }[operation];
}

function demandScope({ name, tokens }: ServiceEntry, scope: string | undefined, operation: RouteOperation): void {
  const known = Object.keys(scopes);
  if (scope !== undefined && !known.includes(scope))
    throw new Error(`There is no scope ${scope}. There are: ${known.join(', ')} (libs/contracts/src/http/headers.ts).`);
  if (scope === undefined && operation !== 'list' && operation !== 'find')
    throw new Error(
      `What changes something needs a scope, so that it belongs to somebody: --scope ${known.join('|')}.`,
    );
  if (!tokens)
    throw new Error(
      `${name} checks no tokens: set \`tokens: true\` in the list of services and add \`auth()\` to its service.ts.`,
    );
}

function demandFlags(
  { idempotent, versioned }: { idempotent: boolean; versioned: boolean },
  operation: RouteOperation,
): void {
  if (idempotent && operation !== 'create') throw new Error('Only a POST takes an Idempotency-Key.');
  if (versioned && !isChange(operation)) throw new Error('Only PUT and DELETE take If-Match.');
}

/** The first route of a collection makes schemas, table and classes. */
async function makeResource(
  tree: Tree,
  plan: RoutePlan,
  { field = [], timestamp: at }: RouteOptions,
): Promise<ResourceSchemas> {
  const { resource, parent } = plan;
  const { service, files, thing, things, parents } = resource;
  for (const file of Object.values(files))
    if (tree.exists(file))
      throw new Error(`${file} is there, written by hand. Write the route by hand, too: libs/contracts/README.md.`);
  if (field.length === 0)
    throw new Error(
      `What is ${/^[aeiou]/.test(thing.camel) ? 'an' : 'a'} ${thing.title.toLowerCase()}? Give its fields: --field title:line(200).`,
    );
  const fields = fieldsOf(field);
  const reserved = ['id', 'ownerId', 'version', 'createdAt', 'updatedAt', ...parents];
  const clash = fields.find(({ name }) => reserved.includes(name));
  if (clash) throw new Error(`Everything has a field ${clash.name} already.`);
  const around = { ...Object.fromEntries(['id', 'ownerId', ...parents].map((name) => [name, id])) };
  const view = schemaOf(
    z.object({ ...around, ...objectSchema(fields).shape, version, createdAt: timestamp, updatedAt: timestamp }),
    'output',
  );
  const schemas = { view, body: schemaOf(z.strictObject(objectSchema(fields).shape), 'input') };
  await addSchemas(tree, resource, fields);
  const table = tableOf(resource, view, parent);
  addMigration(tree, { service: service.name, name: table.name, timestamp: at, sql: createTable(table) });
  addModel(tree, service.name, table);
  const values = { ...storeValues(resource, table), ...testingValues(tree, plan, schemas) };
  await writeFile(tree, files.useCases, 'resource-use-cases', values);
  await writeFile(tree, files.store, 'resource-store', {
    ...values,
    useCasesPath: importPath(files.store, files.useCases),
  });
  await writeFile(tree, files.controller, 'resource-controller', {
    ...values,
    useCasesPath: importPath(files.controller, files.useCases),
  });
  await writeFile(tree, files.testing, 'resource-testing', values);
  await bind(tree, service.name, {
    controller: { name: `${things.pascal}Controller`, from: fromModule(resource, files.controller) },
    provider: providerOf(resource),
  });
  return schemas;
}

function providerOf(resource: RouteResource) {
  const { service, things, files } = resource;
  const parts = [
    `${things.camel}: new Pg${things.pascal}(transaction.sql)`,
    'idempotency: new IdempotencyStore(transaction.sql)',
    ...(service.nats ? [`outbox: Outbox.within(transaction, '${service.name}', relay)`] : []),
  ];
  return {
    provide: things.pascal,
    code: `{
      provide: ${things.pascal},
      inject: [PG_POOL${service.nats ? ', OutboxRelay' : ''}],
      useFactory: (pool: pg.Pool${service.nats ? ', relay: OutboxRelay' : ''}) =>
        new ${things.pascal}(new PgUnitOfWork(pool, (transaction: Transaction) => ({ ${parts.join(', ')} }))),
    }`,
    imports: [
      { name: things.pascal, from: fromModule(resource, files.useCases) },
      { name: `Pg${things.pascal}`, from: fromModule(resource, files.store) },
      ...['IdempotencyStore', 'PG_POOL', 'PgUnitOfWork'].map((name) => ({ name, from: '@causeway/persistence' })),
      { name: 'Transaction', from: '@causeway/persistence', type: true },
      ...(service.nats ? ['Outbox', 'OutboxRelay'].map((name) => ({ name, from: '@causeway/messaging' })) : []),
    ],
  };
}

async function unmakeResource(tree: Tree, resource: RouteResource, at: string): Promise<void> {
  const { service, files, thing, things, table } = resource;
  await unbind(tree, service.name, `${things.pascal}Controller`, things.pascal);
  for (const file of [files.useCases, files.store, files.controller, files.testing]) removeFile(tree, file);
  removeModel(tree, service.name, thing.pascal);
  removeMigration(tree, { service: service.name, name: table, timestamp: at });
  await removeSchemas(tree, resource);
}
