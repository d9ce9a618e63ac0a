import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { parse, valueOf } from '../edit/source.js';
import { indexFile, routesFile } from '../service/contracts.js';
import { namesOf } from '../service/names.js';
import { servicesFile } from '../service/registration.js';
import { consumersOf, entriesOf, namesIn, ownedBy, routesOf, textOf } from './listed.js';

/**
 * What would break without a service, a sentence each; empty when nothing depends on it.
 * @param generated whether a generator made it. What the template brought is also looked for by its name.
 */
export function dependentsOf(tree: Tree, name: string, generated: boolean): string[] {
  return [
    ...consumersOf(tree)
      .filter(({ service }) => service !== name)
      .flatMap(({ service, messages }) =>
        messages
          .filter((message) => message.startsWith(`${name}.`))
          .map((message) => `${service} consumes ${message.slice(name.length + 1)}`),
      ),
    ...entriesOf(tree)
      .filter((entry) => entry.name !== name)
      .flatMap((entry) => [
        ...namesIn(entry, 'sends')
          .filter((subject) => subject.startsWith(`${name}.`))
          .map((subject) => `${entry.name} sends ${subject}`),
        ...namesIn(entry, 'listens')
          .filter((subject) => subject.startsWith(`${name}.`))
          .map((subject) => `${entry.name} listens to ${subject}`),
        ...(namesIn(entry, 'calls').includes(name) ? [`${entry.name} calls it over HTTP`] : []),
        ...(addressed(entry.node, name) ? [`a setting of ${entry.name} holds its address`] : []),
      ]),
    ...(keysAreHere(tree, name) ? [`${servicesFile}: every service with tokens asks it for the keys`] : []),
    ...codeThatUses(tree, name, generated),
    ...documentsThatName(tree, name, generated),
  ];
}

/** `urlOf('user')` */
const addressed = (node: ts.Node, name: string): boolean => new RegExp(`urlOf\\('${name}'\\)`).test(node.getText());

const keysAreHere = (tree: Tree, name: string): boolean => {
  const [, after = ''] = textOf(tree, servicesFile).split('export function addressSettings');
  return after.includes(`'${name}'`);
};

const skipped = new Set(['node_modules', 'dist', 'generated', 'coverage']);

function* filesBelow(tree: Tree, folder: string): Generator<string> {
  for (const child of tree.children(folder)) {
    const path = folder === '' ? child : `${folder}/${child}`;
    if (skipped.has(child) || child.startsWith('.')) continue;
    if (tree.isFile(path)) yield path;
    else yield* filesBelow(tree, path);
  }
}

/** Its own folder, what the contracts say about it, and what is generated from lists. */
const ownFile = (name: string, path: string): boolean =>
  path.startsWith(`apps/${name}/`) || path.startsWith('libs/contracts/src/') || path === servicesFile;

function codeThatUses(tree: Tree, name: string, generated: boolean): string[] {
  const exported = new Set(contractNames(tree, name));
  // What the template brought is known by its name all over the place; a generated one only by what it exports.
  const named = new RegExp(`'${name}'|\\bapps/${name}/`);
  const found: string[] = [];
  for (const top of ['apps', 'libs', 'tools'])
    for (const path of filesBelow(tree, top)) {
      if (!/\.(ts|mjs|mts)$/.test(path) || ownFile(name, path)) continue;
      const text = textOf(tree, path);
      const used = text.includes('/contracts') ? importsOf(text).find((each) => exported.has(each)) : undefined;
      if (used !== undefined) found.push(`${path} uses ${used}`);
      else if (!generated && named.test(text)) found.push(`${path} names it`);
    }
  return found;
}

function importsOf(text: string): string[] {
  return parse(text).statements.flatMap((statement) => {
    const names = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    if (!names || !ts.isNamedImports(names)) return [];
    if (!/'@[^/']+\/contracts'/.test(statement.getText())) return [];
    return names.elements.map((element) => (element.propertyName ?? element.name).text);
  });
}

/** The names that the contracts export for a service: of its messages, and of the bodies of its routes. */
export function contractNames(tree: Tree, name: string): string[] {
  const files = contractFiles(tree, name).map((file) => `./${file.replace(/\.ts$/, '.js')}`);
  return parse(textOf(tree, indexFile)).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
      return [];
    const from = statement.moduleSpecifier;
    if (!from || !ts.isStringLiteral(from) || !files.includes(from.text)) return [];
    return statement.exportClause.elements.map((element) => element.name.text);
  });
}

/**
 * Files of the contracts that a service has to itself, below `libs/contracts/src`: those with its name, which may be
 * missing, and the schemas that only its routes use.
 */
export const contractFiles = (tree: Tree, name: string): string[] => [
  ...new Set([
    `messages/${name}.ts`,
    `http/${name}.ts`,
    `http/${namesOf(name).plural}.ts`,
    ...schemasOfRoutes(tree, name),
  ]),
];

function schemasOfRoutes(tree: Tree, name: string): string[] {
  const source = parse(textOf(tree, routesFile));
  const routes = valueOf(source, 'routes');
  const own = ts.isArrayLiteralExpression(routes) ? routes.elements.filter((each) => ownedBy(each, name)) : [];
  const collections = new Set(
    routesOf(tree)
      .filter(({ owner }) => owner === name)
      .flatMap(({ path }) => path.split('/')),
  );
  const usesIn = (text: string, word: string): number => text.match(new RegExp(`\\b${word}\\b`, 'g'))?.length ?? 0;
  const [ofAll, ofOwn] = [source.text, own.map((each) => each.getText()).join('\n')];
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
    const [, file] = /^\.\/([\w-]+)\.js$/.exec(statement.moduleSpecifier.text) ?? [];
    const names = statement.importClause?.namedBindings;
    // A file has the name of its collection; others, as that of pages, are for all.
    if (file === undefined || !collections.has(file) || !names || !ts.isNamedImports(names)) return [];
    const words = names.elements.map((element) => element.name.text);
    // Once in the import itself, and otherwise in its own routes alone.
    const alone = words.every((word) => usesIn(ofOwn, word) > 0 && usesIn(ofAll, word) === usesIn(ofOwn, word) + 1);
    return alone ? [`http/${file}.ts`] : [];
  });
}

/**
 * Links to its folder, which would lead nowhere. What the template brought is also in its prose, by subjects and routes;
 * of a generated service a document that names them may be about another one, as a tutorial is.
 */
function documentsThatName(tree: Tree, name: string, generated: boolean): string[] {
  const link = new RegExp(`\\]\\([^)]*\\bapps/${name}\\b`);
  const said = generated
    ? []
    : [
        ...eventsIn(textOf(tree, `libs/contracts/src/messages/${name}.ts`)),
        ...routesOf(tree)
          .filter(({ owner }) => owner === name)
          .map(({ path }) => path.replace(/\/\{.*/, '')),
      ];
  const found: string[] = [];
  for (const path of ['README.md', ...['docs', 'apps', 'libs'].flatMap((folder) => [...filesBelow(tree, folder)])]) {
    if (!path.endsWith('.md') || path.startsWith(`apps/${name}/`)) continue;
    const text = textOf(tree, path).replaceAll(/^```[^]*?^```$/gm, '');
    if (link.test(text)) found.push(`${path} links to its folder`);
    else {
      const what = said.find((each) => text.includes(each));
      if (what !== undefined) found.push(`${path} names ${what}`);
    }
  }
  return found;
}

const eventsIn = (text: string): string[] =>
  [...text.matchAll(/'([a-z]+\.(?:evt|cmd|rpc)\.[a-z-]+\.v\d+)'/g)].map(([, subject]) => subject!);
