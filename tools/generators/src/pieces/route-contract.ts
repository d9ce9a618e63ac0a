import { pageOf, pageQuery, roles, scopes, scopesOf } from '@causeway/contracts';
import type { Contract, ContractSchema } from '@causeway/contracts/published';
import type { Tree } from '@nx/devkit';
import { z } from 'zod';
import { edit, formatted } from '../edit/file.js';
import { addExport, addImport, removeExport } from '../edit/imports.js';
import { contains, insert, remove } from '../edit/list.js';
import { aliasOf, parse, propertyOf, valueOf } from '../edit/source.js';
import { quoted, removeUnusedImports } from './contract.js';
import { objectCode, type Field } from './fields.js';
import { codeOf, objectSample } from './json.js';
import { spell } from './names.js';
import { publish, publishedContracts, routeNodes, routesFile, schemaOf, unpublish } from './published.js';
import type { RouteResource } from './resource.js';
import type { RouteOperation } from './route-code.js';
import { literal } from './service.js';

const index = 'libs/contracts/src/index.ts';
const authorisation = 'libs/contracts/src/http/authorisation.ts';
const examples = 'libs/contracts/src/documents/examples.ts';
const texts = 'libs/contracts/src/documents/texts.ts';

/** A route as its entry in the table says. */
export interface RouteEntry {
  readonly operationId: string;
  readonly operation: RouteOperation;
  readonly summary: string;
  /** The key in `scopes`. */
  readonly scope?: string;
  readonly idempotent: boolean;
  readonly versioned: boolean;
}

export const methods = { list: 'GET', find: 'GET', create: 'POST', replace: 'PUT', remove: 'DELETE' } as const;

export const pathOf = ({ collection, item }: RouteResource, operation: RouteOperation): string =>
  operation === 'list' || operation === 'create' ? collection : item;

/** JSON Schema of what is sent and what is shown. */
export interface ResourceSchemas {
  readonly body: ContractSchema;
  readonly view: ContractSchema;
}

/** Adds the schemas of a resource: `libs/contracts/src/http/<things>.ts`, and their exports. */
export async function addSchemas(tree: Tree, resource: RouteResource, fields: readonly Field[]): Promise<void> {
  const { thing, parents, files } = resource;
  const parentFields = parents.map((parent) => `${parent}: id`);
  const shown = [...parentFields, objectCode(fields).slice(1, -1).trim()].filter(Boolean);
  const code = `
export const ${thing.camel}Body = z.strictObject(${objectCode(fields)}).meta({ id: 'New${thing.pascal}' });
export const ${thing.camel}View = z
  .object({ id, ownerId: id, ${shown.join(', ')}, version, createdAt: timestamp, updatedAt: timestamp })
  .meta({ id: '${thing.pascal}' });
export const ${thing.camel}Page = pageOf(${thing.camel}View).meta({ id: '${thing.pascal}Page' });

export type ${thing.pascal}Body = z.infer<typeof ${thing.camel}Body>;
export type ${thing.pascal}View = z.infer<typeof ${thing.camel}View>;
`;
  const imports = [
    { name: 'z', from: 'zod' },
    { name: 'pageOf', from: './paging.js' },
    ...['id', 'timestamp', 'version'].map((name) => ({ name, from: '../values.js' })),
    ...fields.flatMap(({ from, imported }) => (from && imported ? [{ name: imported, from }] : [])),
  ];
  const text = imports.reduce(addImport, code.trimStart());
  tree.write(files.contract, await formatted(tree.root, files.contract, text.replace('\nexport', '\n\nexport')));
  const from = `./http/${resource.things.kebab}.js`;
  for (const { name, type } of exportsOf(resource))
    await edit(tree, index, (before) => addExport(before, { name: type ? `type ${name}` : name, from }));
}

const exportsOf = ({ thing }: RouteResource) => [
  ...['Body', 'Page', 'View'].map((part) => ({ name: `${thing.camel}${part}`, type: false })),
  ...['Body', 'View'].map((part) => ({ name: `${thing.pascal}${part}`, type: true })),
];

export async function removeSchemas(tree: Tree, resource: RouteResource): Promise<void> {
  tree.delete(resource.files.contract);
  for (const { name } of exportsOf(resource))
    await edit(tree, index, (text) => removeExport(text, { name, from: `./http/${resource.things.kebab}.js` }));
}

/** Adds the entry to the route table, what the API documents say of it, and the record. */
export async function addEntry(
  tree: Tree,
  resource: RouteResource,
  entry: RouteEntry,
  schemas: ResourceSchemas,
): Promise<void> {
  const { thing, things, service, parents } = resource;
  const { operationId, operation, summary, scope, idempotent, versioned } = entry;
  const path = pathOf(resource, operation);
  const success = {
    list: `ok(${thing.camel}Page)`,
    find: `one(${thing.camel}View)`,
    create: `created(${thing.camel}View)`,
    replace: `one(${thing.camel}View, 'Replaced')`,
    remove: "{ status: 204, description: 'Deleted' }",
  }[operation];
  const sends = operation === 'create' || operation === 'replace';
  const code = [
    `{ operationId: '${operationId}', method: '${methods[operation].toLowerCase()}', path: '${path}',`,
    `owner: '${service.name}', summary: ${quoted(summary)},`,
    ...(scope ? [`scope: scopes.${scope},`] : []),
    ...(idempotent ? ['idempotent: true,'] : []),
    ...(versioned ? ['versioned: true,'] : []),
    ...(operation === 'list' ? ['query: pageQuery,'] : []),
    ...(sends ? [`body: ${thing.camel}Body,`] : []),
    `success: ${success},`,
    ...(operation === 'list' ? ["errors: ['CURSOR_INVALID'],"] : []),
    '}',
  ].join('\n');
  const used = [
    ...(sends ? [`${thing.camel}Body`] : []),
    ...(operation === 'list' ? [`${thing.camel}Page`] : operation === 'remove' ? [] : [`${thing.camel}View`]),
  ];
  await edit(
    tree,
    routesFile,
    (text) => insert(valueOf(parse(text), 'routes'), code),
    (text) => {
      const owners = aliasOf(parse(text), 'RouteOwner');
      return contains(owners, `'${service.name}'`) ? text : insert(owners, `'${service.name}'`);
    },
    ...used.map((name) => (text: string) => addImport(text, { name, from: `./${things.kebab}.js` })),
    ...(operation === 'list' ? [(text: string) => addImport(text, { name: 'pageQuery', from: './paging.js' })] : []),
  );
  await edit(tree, authorisation, (text) =>
    insert(valueOf(parse(text), 'authorisation'), `${operationId}: ${permissionOf(scope)}`),
  );
  publish(tree, operationId, contractOf(resource, entry, schemas));
  await addDocumentation(tree, resource, entry, schemas);
  for (const parent of parents) await addParameter(tree, parent);
  if (path !== resource.collection) await addParameter(tree, `${thing.camel}Id`);
}

/** Who may call the route, in code: whoever can get its scope, for what is theirs. */
function permissionOf(scope: string | undefined): string {
  if (scope === undefined) return `'everybody'`;
  const granted = scopes[scope as keyof typeof scopes];
  const holders = roles.filter((role) => scopesOf[role].includes(granted));
  const everyPerson = holders.length === roles.length;
  const rows = [...holders, ...(scopesOf.machines.includes(granted) ? ['machine'] : [])].map(
    (each) => `${each}: 'own'`,
  );
  return everyPerson && rows.length === holders.length ? 'everyPerson' : `{ ${rows.join(', ')} }`;
}

const statuses = { list: 200, find: 200, create: 201, replace: 200, remove: 204 } as const;

function contractOf(resource: RouteResource, entry: RouteEntry, { body, view }: ResourceSchemas): Contract {
  const { operation, scope, idempotent, versioned } = entry;
  const page = schemaOf(pageOf(z.object({})), 'output');
  const response = {
    list: { ...page, properties: { ...page.properties, items: { ...page.properties?.['items'], items: view } } },
    find: view,
    create: view,
    replace: view,
    remove: undefined,
  }[operation];
  return {
    address: `${methods[operation]} ${pathOf(resource, operation)} → ${statuses[operation]}`,
    needs: [
      ...(scope ? [`the scope ${scopes[scope as keyof typeof scopes]}`] : []),
      ...(idempotent ? ['an Idempotency-Key'] : []),
      ...(versioned ? ['If-Match'] : []),
    ],
    schemas: {
      ...(operation === 'list' && { query: schemaOf(pageQuery, 'input') }),
      ...((operation === 'create' || operation === 'replace') && { request: body }),
      ...(response && { response }),
    },
  };
}

async function addDocumentation(
  tree: Tree,
  resource: RouteResource,
  entry: RouteEntry,
  { body, view }: ResourceSchemas,
): Promise<void> {
  const { operation, operationId } = entry;
  const [sent, shown] = [objectSample(body), objectSample(view)];
  const example = {
    ...((operation === 'create' || operation === 'replace') && { request: sent }),
    ...(operation === 'list' && { response: { items: [{ ...shown, ...sent }], nextCursor: null } }),
    ...(operation !== 'list' && operation !== 'remove' && { response: { ...shown, ...sent } }),
  };
  if (Object.keys(example).length > 0)
    await edit(tree, examples, (text) =>
      insert(valueOf(parse(text), 'bodyExamples'), `${operationId}: ${codeOf(example)}`),
    );
  const tag = tagOf(resource);
  if (tag === undefined) return;
  await edit(tree, texts, (text) => {
    const tags = valueOf(parse(text), 'tags');
    if (tags.getText().includes(`path: '${tag.path}'`)) return text;
    return insert(
      tags,
      `{ name: '${tag.name}', path: '${tag.path}', description: '${tag.name} of the ${resource.service.name} service.' }`,
    );
  });
}

/** The group of operations in the document: the first collection of the path. */
function tagOf({ collection }: RouteResource): { readonly name: string; readonly path: string } | undefined {
  const [, version = '', first = ''] = collection.split('/');
  return { name: spell(first).title, path: `/${version}/${first}` };
}

async function addParameter(tree: Tree, name: string): Promise<void> {
  const thing = spell(name.replace(/Id$/, '')).title.toLowerCase();
  await edit(tree, texts, (text) => {
    const parameters = valueOf(parse(text), 'pathParameters');
    if (contains(parameters, name) || text.includes(`  ${name}: {`)) return text;
    return insert(
      parameters,
      `${name}: { description: 'Id of the ${thing}.', example: '0193a7c2-8f10-7b61-9c35-000000000001' }`,
    );
  });
}

/** Takes everything back that `addEntry` added, and what nobody else needs. */
export async function removeEntry(tree: Tree, resource: RouteResource, operationId: string): Promise<void> {
  const { thing, service, parents } = resource;
  await edit(
    tree,
    routesFile,
    (text) =>
      remove(valueOf(parse(text), 'routes'), (node) => literal(propertyOf(node, 'operationId')) === operationId),
    removeUnusedImports,
  );
  await edit(tree, authorisation, (text) => remove(valueOf(parse(text), 'authorisation'), operationId));
  unpublish(tree, operationId);
  if (!routesOf(tree, service.name))
    await edit(tree, routesFile, (text) => remove(aliasOf(parse(text), 'RouteOwner'), `'${service.name}'`));
  if (contains(valueOf(parse(tree.read(examples, 'utf8') ?? ''), 'bodyExamples'), operationId))
    await edit(tree, examples, (text) => remove(valueOf(parse(text), 'bodyExamples'), operationId));
  const paths = routeNodes(tree).map((route) => literal(propertyOf(route, 'path')));
  for (const name of [`${thing.camel}Id`, ...parents])
    if (!paths.some((path) => path.includes(`{${name}}`))) await removeText(tree, 'pathParameters', name);
  const tag = tagOf(resource);
  if (tag && !paths.some((path) => path.startsWith(tag.path)))
    await edit(tree, texts, (text) =>
      remove(valueOf(parse(text), 'tags'), (node) => node.getText().includes(`path: '${tag.path}'`)),
    );
}

async function removeText(tree: Tree, constant: string, name: string): Promise<void> {
  await edit(tree, texts, (text) => {
    const object = valueOf(parse(text), constant);
    return contains(object, name) ? remove(object, name) : text;
  });
}

const routesOf = (tree: Tree, service: string): boolean =>
  routeNodes(tree).some((route) => literal(propertyOf(route, 'owner')) === service);

/** The schemas of a resource that an earlier route made, from the record. */
export function recordedSchemas(tree: Tree, resource: RouteResource): ResourceSchemas | undefined {
  const contracts = publishedContracts(tree);
  const own = routeNodes(tree)
    .filter((route) => [resource.collection, resource.item].includes(literal(propertyOf(route, 'path'))))
    .flatMap((route) => contracts[literal(propertyOf(route, 'operationId'))] ?? []);
  const view = own
    .map(({ address = '', schemas }) =>
      address.startsWith(`GET ${resource.collection} `)
        ? schemas['response']?.properties?.['items']?.items
        : schemas['response'],
    )
    .find((schema) => schema !== undefined);
  if (!view) return undefined;
  const around = new Set(['id', 'ownerId', 'version', 'createdAt', 'updatedAt', ...resource.parents]);
  const properties = Object.fromEntries(Object.entries(view.properties ?? {}).filter(([name]) => !around.has(name)));
  const required = (view.required ?? []).filter((name) => !around.has(name));
  const body = own.map(({ schemas }) => schemas['request']).find((schema) => schema !== undefined);
  return { view, body: body ?? { ...view, properties, required } };
}

export const takenBy = (tree: Tree, method: string, path: string): string | undefined => {
  const same = (one: string): string => one.replaceAll(/\{\w+\}/g, '{}');
  const found = routeNodes(tree).find(
    (route) =>
      literal(propertyOf(route, 'method')) === method.toLowerCase() &&
      same(literal(propertyOf(route, 'path'))) === same(path),
  );
  return found && literal(propertyOf(found, 'operationId'));
};

export const hasOperation = (tree: Tree, operationId: string): boolean =>
  routeNodes(tree).some((route) => literal(propertyOf(route, 'operationId')) === operationId);
