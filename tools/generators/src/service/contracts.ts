import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit, formatted } from '../edit/file.js';
import { addExport, addImport, addNamespaceImport } from '../edit/imports.js';
import { insert } from '../edit/list.js';
import { parse, valueOf } from '../edit/source.js';
import { addDefinition, addHandled } from '../pieces/contract.js';
import { fieldsOf, objectCode } from '../pieces/fields.js';
import { messageSubjectOf } from '../pieces/subject.js';
import type { ServicePlan } from './plan.js';

export const contracts = 'libs/contracts/src';
export const topologyFile = `${contracts}/messages/topology.ts`;
export const routesFile = `${contracts}/http/routes.ts`;
export const authorisationFile = `${contracts}/http/authorisation.ts`;
export const textsFile = `${contracts}/documents/texts.ts`;
export const examplesFile = `${contracts}/documents/examples.ts`;
export const indexFile = `${contracts}/index.ts`;

/** What others may rely on: events with their stream, what the service handles, its routes. */
export async function addContracts(tree: Tree, plan: ServicePlan): Promise<void> {
  if (plan.publishes.length > 0) await addMessages(tree, plan);
  if (plan.consumes.length > 0) await addConsumers(tree, plan);
  if (plan.http) await (plan.database ? addResource(tree, plan) : addQuestion(tree, plan));
}

async function create(tree: Tree, path: string, text: string): Promise<void> {
  tree.write(path, await formatted(tree.root, path, text));
}

/** Each event says the same: which one, whose, what it is about. */
async function addMessages(tree: Tree, { name, publishes, ownerless }: ServicePlan): Promise<void> {
  const usual = fieldsOf([`${name}Id:id`, 'ownerId:id', 'reference:text', 'version:version', 'occurredAt:timestamp']);
  const fields = usual.map((field) =>
    ownerless && field.name === 'ownerId' ? { ...field, code: 'id.nullable()' } : field,
  );
  for (const { subject, summary } of publishes)
    await addDefinition(tree, {
      subject: messageSubjectOf(subject),
      summary,
      schemas: [`z.object(${objectCode(fields)})`],
      fields,
    });
}

async function addConsumers(tree: Tree, { name, consumes }: ServicePlan): Promise<void> {
  for (const { owner, subject, constant } of consumes) {
    await edit(tree, topologyFile, (text) => addNamespaceImport(text, { name: owner, from: `./${owner}.js` }));
    await addHandled(tree, name, messageSubjectOf(subject), constant);
  }
}

/** Routes of something that is stored: add, list, get. */
async function addResource(tree: Tree, plan: ServicePlan): Promise<void> {
  const { name, plural, Entity, Entities, one } = plan;
  const path = `/v1/${plural}`;
  await create(
    tree,
    `${contracts}/http/${name}.ts`,
    `import { z } from 'zod';
import { line } from '../text.js';
import { id, timestamp, version } from '../values.js';
import { pageOf } from './paging.js';

export const new${Entity}Body = z
  .strictObject({ reference: line(200).meta({ description: 'What it is about', example: 'A kettle' }) })
  .meta({ id: 'New${Entity}' });
export const ${name}View = new${Entity}Body.extend({ id, version, createdAt: timestamp }).strip().meta({ id: '${Entity}' });
export const ${name}Page = pageOf(${name}View).meta({ id: '${Entity}Page' });

export type New${Entity}Body = z.infer<typeof new${Entity}Body>;
export type ${Entity}View = z.infer<typeof ${name}View>;
`,
  );
  const errors = `errors: ['CURSOR_INVALID']`;
  await addRoutes(
    tree,
    plan,
    [`new${Entity}Body`, `${name}Page`, `${name}View`],
    [
      `{ operationId: 'add${Entity}', method: 'post', path: '${path}', owner: '${name}', summary: 'Adds ${one}',
         scope: scopes.profile, idempotent: true, body: new${Entity}Body, success: created(${name}View) }`,
      `{ operationId: 'list${Entities}', method: 'get', path: '${path}', owner: '${name}',
         summary: 'Lists the caller’s own ${plural}, newest first', scope: scopes.profile, query: pageQuery,
         success: ok(${name}Page), ${errors} }`,
      `{ operationId: 'get${Entity}', method: 'get', path: '${path}/{${name}Id}', owner: '${name}', summary: 'Gets ${one}',
         scope: scopes.profile, success: one(${name}View) }`,
    ],
  );
  await edit(tree, indexFile, (text) =>
    [
      { name: `new${Entity}Body` },
      { name: `${name}Page` },
      { name: `${name}View` },
      { name: `New${Entity}Body`, type: true },
      { name: `${Entity}View`, type: true },
    ].reduce((before, each) => addExport(before, { ...each, from: `./http/${name}.js` }), text),
  );
  const example = `{ id: '${exampleId}', reference: 'A kettle', version: 1, createdAt: '2026-11-21T10:00:00.000Z' }`;
  await edit(tree, examplesFile, (text) =>
    [
      `add${Entity}: { request: { reference: 'A kettle' }, response: ${example} }`,
      `list${Entities}: { response: { items: [${example}], nextCursor: null } }`,
      `get${Entity}: { response: ${example} }`,
    ].reduce((before, each) => insert(valueOf(parse(before), 'bodyExamples'), each), text),
  );
  await edit(
    tree,
    textsFile,
    (text) => addTag(text, Entities, path, `The caller’s own ${plural}.`),
    (text) =>
      insert(
        valueOf(parse(text), 'pathParameters'),
        `${name}Id: { description: 'Id of the ${name}, from the list of ${plural}.', example: '${exampleId}' }`,
      ),
    (text) =>
      insert(
        valueOf(parse(text), 'descriptions'),
        `add${Entity}: 'Adding one for the same reference again returns the one that is there.'`,
      ),
  );
}

const exampleId = '0193a7c5-3d20-7c44-8a51-6e0d2f9b7a13';

/** The route of a service that stores nothing: it answers from what the token says. */
async function addQuestion(tree: Tree, plan: ServicePlan): Promise<void> {
  const { name, plural, Entity, Entities } = plan;
  const path = `/v1/${plural}/me`;
  await create(
    tree,
    `${contracts}/http/${name}.ts`,
    `import { z } from 'zod';
import { id, timestamp } from '../values.js';

export const ${name}View = z
  .object({ ownerId: id.meta({ description: 'Whose it is: the caller' }), at: timestamp })
  .meta({ id: '${Entity}' });

export type ${Entity}View = z.infer<typeof ${name}View>;
`,
  );
  await addRoutes(
    tree,
    plan,
    [`${name}View`],
    [
      `{ operationId: 'get${Entity}', method: 'get', path: '${path}', owner: '${name}', summary: 'Gets the caller’s own ${name}',
         scope: scopes.profile, success: ok(${name}View) }`,
    ],
  );
  await edit(tree, indexFile, (text) =>
    [{ name: `${name}View` }, { name: `${Entity}View`, type: true }].reduce(
      (before, each) => addExport(before, { ...each, from: `./http/${name}.js` }),
      text,
    ),
  );
  await edit(tree, examplesFile, (text) =>
    insert(
      valueOf(parse(text), 'bodyExamples'),
      `get${Entity}: { response: { ownerId: '${exampleId}', at: '2026-11-21T10:00:00.000Z' } }`,
    ),
  );
  await edit(tree, textsFile, (text) => addTag(text, Entities, path, `The caller’s own ${name}.`));
}

const addTag = (text: string, name: string, path: string, description: string): string =>
  insert(valueOf(parse(text), 'tags'), `{ name: '${name}', path: '${path}', description: '${description}' }`);

async function addRoutes(
  tree: Tree,
  { name }: ServicePlan,
  schemas: readonly string[],
  definitions: readonly string[],
): Promise<void> {
  await edit(
    tree,
    routesFile,
    (text) => schemas.reduce((before, each) => addImport(before, { name: each, from: `./${name}.js` }), text),
    (text) => insert(ownerType(text), `'${name}'`),
    (text) => definitions.reduce((before, each) => insert(valueOf(parse(before), 'routes'), each), text),
  );
  const operations = definitions.flatMap((each) => /operationId: '(\w+)'/.exec(each)?.[1] ?? []);
  await edit(tree, authorisationFile, (text) =>
    operations.reduce((before, each) => insert(valueOf(parse(before), 'authorisation'), `${each}: everyPerson`), text),
  );
}

/** The union of the services that own routes. */
export function ownerType(text: string): ts.TypeNode {
  const owner = parse(text).statements.find(
    (statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === 'RouteOwner',
  );
  if (!owner || !ts.isTypeAliasDeclaration(owner)) throw new Error('there is no type RouteOwner');
  return owner.type;
}
