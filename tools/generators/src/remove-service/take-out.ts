import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit } from '../edit/file.js';
import { removeExport, removeImport, removeNamespaceImport } from '../edit/imports.js';
import { contains, listOf, remove } from '../edit/list.js';
import { nameOf, parse, propertyOf, valueOf } from '../edit/source.js';
import { takeRoomBack } from '../service/cluster.js';
import {
  authorisationFile,
  contracts,
  examplesFile,
  indexFile,
  ownerType,
  routesFile,
  textsFile,
  topologyFile,
} from '../service/contracts.js';
import { unlockProject } from '../service/lock.js';
import { servicesFile } from '../service/registration.js';
import { contractFiles } from './dependents.js';
import { isText, ownedBy, routesOf, type Entry } from './listed.js';

const published = 'libs/contracts/published.json';

/** Takes a service out of everything that lists it. What follows from the lists is generated afterwards. */
export async function takeOut(tree: Tree, { name, node }: Entry): Promise<void> {
  const database = node.properties.some((property) => nameOf(property) === 'database');
  takePublishedBack(tree, name);
  await takeContractsOut(tree, name);
  await edit(tree, servicesFile, (text) =>
    remove(valueOf(parse(text), 'entries'), (each) => isText(valueIn(each, 'name'), name)),
  );
  for (const each of [`apps/${name}`, `k8s/base/${name}`, `docker/${name}.Dockerfile`]) tree.delete(each);
  unlockProject(tree, `apps/${name}`);
  takeRoomBack(tree, { name, database });
}

const valueIn = (node: ts.Node, property: string): ts.Node | undefined =>
  ts.isObjectLiteralExpression(node) && node.properties.some((each) => nameOf(each) === property)
    ? propertyOf(node, property)
    : undefined;

/** What was recorded as published: nobody relies on it, or the service could not be removed. */
function takePublishedBack(tree: Tree, name: string): void {
  const all = JSON.parse(tree.read(published, 'utf8') ?? '{}') as Record<string, unknown>;
  const operations = new Set(ownRoutes(tree, name).map(({ operationId }) => operationId));
  const left = Object.entries(all).filter(([key]) => !operations.has(key) && !key.startsWith(`${name}.`));
  if (left.length === Object.keys(all).length) return;
  tree.write(published, `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`);
}

const ownRoutes = (tree: Tree, name: string) => routesOf(tree).filter(({ owner }) => owner === name);

async function takeContractsOut(tree: Tree, name: string): Promise<void> {
  const files = contractFiles(tree, name);
  await takeRoutesOut(tree, name, files);
  await takeMessagesOut(tree, name);
  for (const file of files.filter((each) => tree.exists(`${contracts}/${each}`))) {
    const from = `./${file.replace(/\.ts$/, '.js')}`;
    await edit(tree, indexFile, (text) =>
      exportsOf(text, from).reduce((before, each) => removeExport(before, { name: each, from }), text),
    );
    tree.delete(`${contracts}/${file}`);
  }
}

async function takeMessagesOut(tree: Tree, name: string): Promise<void> {
  const values = `...Object.values(${name})`;
  await edit(
    tree,
    topologyFile,
    (text) => removeAll(text, 'consumers', (node) => handles(node, name)),
    (text) => removeAll(text, 'streams', (node) => storesOnly(node, name)),
    (text) =>
      contains(valueOf(parse(text), 'definitions'), values)
        ? remove(valueOf(parse(text), 'definitions'), values)
        : text,
    (text) =>
      new RegExp(`\\b${name}\\.js'`).test(text) ? removeNamespaceImport(text, { name, from: `./${name}.js` }) : text,
  );
}

function handles(node: ts.Node, name: string): boolean {
  const call = ts.isSpreadElement(node) ? node.expression : node;
  return ts.isCallExpression(call) && isText(call.arguments[0], name);
}

/** `stream('INVOICE', ['invoice.evt.>'])` */
function storesOnly(node: ts.Node, name: string): boolean {
  const subjects = ts.isCallExpression(node) ? node.arguments[1] : undefined;
  return (
    subjects !== undefined &&
    ts.isArrayLiteralExpression(subjects) &&
    subjects.elements.every((each) => ts.isStringLiteral(each) && each.text.startsWith(`${name}.`))
  );
}

async function takeRoutesOut(tree: Tree, name: string, files: readonly string[]): Promise<void> {
  const gone = ownRoutes(tree, name);
  if (gone.length === 0) return;
  const left = routesOf(tree).filter(({ owner }) => owner !== name);
  const operations = gone.map(({ operationId }) => operationId);
  const isGone = (node: ts.Node): boolean => operations.includes(nameOf(node));
  await edit(
    tree,
    routesFile,
    (text) => removeAll(text, 'routes', (node) => ownedBy(node, name)),
    (text) => remove(ownerType(text), `'${name}'`),
    (text) => files.reduce((before, file) => withoutUnusedImports(before, file), text),
  );
  await edit(tree, authorisationFile, (text) => removeAll(text, 'authorisation', isGone));
  await edit(tree, examplesFile, (text) => removeAll(text, 'bodyExamples', isGone));
  await edit(
    tree,
    textsFile,
    (text) => removeAll(text, 'descriptions', isGone),
    (text) =>
      removeAll(text, 'pathParameters', (node) => {
        const parameter = `{${nameOf(node)}}`;
        return gone.some(({ path }) => path.includes(parameter)) && !left.some(({ path }) => path.includes(parameter));
      }),
    (text) =>
      removeAll(text, 'tags', (node) => {
        const path = valueIn(node, 'path');
        const begins = (each: { readonly path: string }): boolean =>
          path !== undefined && ts.isStringLiteral(path) && each.path.startsWith(path.text);
        return gone.some(begins) && !left.some(begins);
      }),
  );
}

/** Removes every element of a list that a constant holds for which the condition is true. */
function removeAll(text: string, constant: string, which: (node: ts.Node) => boolean): string {
  const list = valueOf(parse(text), constant);
  return listOf(list).nodes.some(which) ? removeAll(remove(list, which), constant, which) : text;
}

/** Imports of a file of `http/` in routes.ts that nothing there needs any longer. */
function withoutUnusedImports(text: string, file: string): string {
  const from = `./${file.replace(/^http\//, '').replace(/\.ts$/, '.js')}`;
  const imported = parse(text).statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !isText(statement.moduleSpecifier, from)) return [];
    const names = statement.importClause?.namedBindings;
    return names && ts.isNamedImports(names) ? names.elements.map((element) => element.name.text) : [];
  });
  const uses = (name: string): number => text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;
  return imported
    .filter((name) => uses(name) === 1)
    .reduce((before, name) => removeImport(before, { name, from }), text);
}

function exportsOf(text: string, from: string): string[] {
  return parse(text).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !isText(statement.moduleSpecifier, from)) return [];
    const names = statement.exportClause;
    return names && ts.isNamedExports(names) ? names.elements.map((element) => element.name.text) : [];
  });
}
