import type { ContractSchema } from '@causeway/contracts/published';
import type { Tree } from '@nx/devkit';
import type { Imported } from '../edit/imports.js';
import { codeOf, objectSample, sampleOf } from './json.js';
import { importPath, spell } from './names.js';
import { madeParent, type RouteResource } from './resource.js';
import { bodyColumns, tableOf } from './resource-table.js';
import type { OperationChoice } from './route-code.js';
import { methods, pathOf, recordedSchemas, type ResourceSchemas } from './route-contract.js';
import type { RoutePlan } from './route.js';
import { rowOf, type PieceTable } from './table.js';

/** Something beside a class that its members use: declared once. */
export interface Declared {
  readonly name: string;
  readonly code: string;
}

const persistence = '@causeway/persistence';
const idOf: Imported = { name: 'id', from: '@causeway/contracts' };
const zod: Imported = { name: 'z', from: 'zod' };

/** What the members of an operation use besides their imports. */
export function declarationsOf({ thing, things, parents, parentTable }: RouteResource, choice: OperationChoice) {
  const { operation, scope } = choice;
  const ofItem = operation !== 'list' && operation !== 'create';
  const params = ofItem ? [`${thing.camel}Id`, ...parents] : parents;
  const prefix = ofItem ? thing.camel : `${thing.camel}List`;
  const type = ofItem ? 'ItemParams' : 'ListParams';
  return {
    useCases:
      operation === 'create'
        ? [
            {
              name: `${thing.pascal}Response`,
              code: `interface ${thing.pascal}Response {
                readonly response: Parameters<IdempotencyStore['complete']>[2];
                /** True when an earlier request with the same key stored the response. */
                readonly replayed: boolean;
              }`,
            },
          ]
        : [],
    store: [
      ...(operation === 'list'
        ? [
            {
              name: 'cursors',
              code: `/** No secret: a cursor holds an id of the list, and everybody may know that. The signature finds mistakes. */
              const cursors = new CursorCodec('${things.kebab}', '${things.kebab}');`,
            },
          ]
        : []),
      ...(operation === 'create' && parentTable
        ? [{ name: 'foreignKeyViolation', code: "const foreignKeyViolation = '23503';" }]
        : []),
    ],
    storeImports: operation === 'list' ? [{ name: 'CursorCodec', from: persistence }] : [],
    controller: [
      ...(params.length > 0
        ? [
            {
              name: `${prefix}Params`,
              code: `const ${prefix}Params = z.object({ ${params.map((each) => `${each}: id`).join(', ')} });`,
            },
            { name: type, code: `type ${type} = z.output<typeof ${prefix}Params>;` },
          ]
        : []),
      ...(scope
        ? [
            {
              name: 'personOf',
              code: `/** People are known by the UUID of their account. A machine with the scope has nothing of its own. */
              function personOf({ subject }: Principal, scope: string): string {
                if (!id.safeParse(subject).success) throw new ScopeMissing(scope);
                return subject;
              }`,
            },
          ]
        : []),
    ] as Declared[],
    controllerImports: [...(params.length > 0 ? [zod, idOf] : []), ...(scope ? [idOf] : [])],
  };
}

const wordsOf = ({ things }: RouteResource): string => things.title.toLowerCase();

/** What the skeletons of a resource need. */
export function storeValues(resource: RouteResource, table: PieceTable) {
  const { parents, collection } = resource;
  const columns = [table.key, ...table.others];
  return {
    ...resource,
    words: wordsOf(resource),
    broker: resource.service.nats,
    columns: columns.map(rowOf),
    select: columns.map(({ name }) => `"${name}"`).join(', '),
    where: [
      '($2::uuid IS NULL OR "owner_id" = $2)',
      ...parents.map((parent, index) => `"${spell(parent).snake}" = $${index + 3}`),
    ].join(' AND '),
    placeValues: ['place.ownerId ?? null', ...parents.map((parent) => `place.${parent}`)].join(', '),
    controllerPath: collection.slice(1).replaceAll(/\{(\w+)\}/g, ':$1'),
  };
}

/** What the test double of a resource needs: rows, and those that they belong to. */
export function testingValues(tree: Tree, { resource }: RoutePlan, schemas: ResourceSchemas) {
  const { files, service, parents } = resource;
  const body = objectSample(schemas.body) as Record<string, unknown>;
  const kept = bodyColumns(schemas).filter(({ field }) => field in body);
  const names = ['id', 'owner_id', ...parents.map((parent) => spell(parent).snake), ...kept.map(({ name }) => name)];
  return {
    service: service.name,
    body: codeOf(body),
    parentSql: parentRows(tree, resource).join('; '),
    givenColumns: names.map((name) => `"${name}"`).join(', '),
    givenNumbers: names.map((_, index) => `$${index + 1}`).join(', '),
    givenValues: [...parents, ...kept.map(({ field }) => `body.${field}`)].join(', '),
    paths: {
      controller: importPath(files.testing, files.controller),
      useCases: importPath(files.testing, files.useCases),
    },
  };
}

/** The id of everything above in a test. */
export const parentId = '0193a7c2-8f10-7b61-9c35-2f6f0b7d4e99';

/** SQL for a row of what a resource is in, and of what that is in. */
function parentRows(tree: Tree, resource: RouteResource): string[] {
  const parent = madeParent(tree, resource);
  const schemas = parent && recordedSchemas(tree, parent);
  if (!parent || !schemas) return [];
  const { key, others } = tableOf(parent, schemas.view, undefined);
  const sample = objectSample(schemas.view) as Record<string, unknown>;
  const columns = [key, ...others].filter(({ field }) => field in sample);
  const values = columns.map(({ field }) =>
    field === 'id' || parent.parents.includes(field) ? `'${parentId}'` : sqlLiteral(sample[field]),
  );
  return [
    ...parentRows(tree, parent),
    `INSERT INTO "${parent.table}" (${columns.map(({ name }) => `"${name}"`).join(', ')}) VALUES (${values.join(', ')})`,
  ];
}

const sqlLiteral = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);

/** What the test of an operation needs. */
export function specValues({ resource, entry, test, publishes }: RoutePlan, { body }: ResourceSchemas) {
  const { thing, things, parents, files, collection } = resource;
  const { operation, scope, idempotent, versioned } = entry;
  const [sample, other] = [objectSample(body), otherOf(body)];
  const shown = {
    list: `${thing.camel}Page`,
    find: `${thing.camel}View`,
    create: `${thing.camel}View`,
    replace: `${thing.camel}View`,
    remove: undefined,
  };
  const fromContracts = [...(shown[operation] ? [shown[operation]] : []), ...(scope ? ['scopes'] : [])];
  const usesBody = operation === 'find' || operation === 'create' || operation === 'replace';
  const headers = {
    create: idempotent ? ", headers: { 'idempotency-key': randomUUID() }" : '',
    replace: versioned ? ", headers: { 'if-match': '\"1\"' }" : '',
    remove: versioned ? ", headers: { 'if-match': '\"1\"' }" : '',
    list: '',
    find: '',
  }[operation];
  const ofItem = operation !== 'list' && operation !== 'create';
  return {
    ...resource,
    ...entry,
    scope,
    publishes,
    contractImports:
      fromContracts.length > 0 ? `import { ${fromContracts.join(', ')} } from '@causeway/contracts';` : '',
    testingImports: [...(usesBody ? ['body'] : []), `${things.pascal}Service`, ...parents].join(', '),
    paths: { controller: importPath(test, files.controller), testing: importPath(test, files.testing) },
    method: methods[operation],
    routePath: pathOf(resource, operation),
    url: collection.replaceAll(/\{(\w+)\}/g, '${$1}'),
    target: ofItem ? '`${path}/${id}`' : 'path',
    sends: `${operation === 'create' || operation === 'replace' ? ', body' : ''}${headers}`,
    lastParent: parents.at(-1),
    body: 'body',
    otherBody: JSON.stringify(other) === JSON.stringify(sample) ? '' : codeOf(other),
    requiredField: (body.required ?? []).length > 0,
  };
}

const otherOf = (body: ContractSchema): object =>
  Object.fromEntries(
    Object.entries(objectSample(body)).map(([field]) => [field, sampleOf(body.properties?.[field] ?? {}, 2)]),
  );
