import ts from 'typescript';
import { contains, insert, remove } from './list.js';
import { parse } from './source.js';

type Declaration = ts.ImportDeclaration | ts.ExportDeclaration;

/** One name of a module. */
export interface Imported {
  /** As in `import { name } from '…'`. */
  readonly name: string;
  /** The module: `./orders.controller.js`, `@nestjs/common`. */
  readonly from: string;
  /** For types only. */
  readonly type?: boolean;
}

/**
 * Imports a name. Into the declaration that is there for the module, or into a new one, in the order of the alphabet.
 * Nothing changes when the name is imported already.
 */
export const addImport = (text: string, imported: Imported): string => add(text, imported, 'import');
/** Takes an import back; the last name takes the declaration with it. @throws when it is not imported */
export const removeImport = (text: string, imported: Imported): string => take(text, imported, 'import');
/** Exports a name of another module, as an `index.ts` does. */
export const addExport = (text: string, exported: Imported): string => add(text, exported, 'export');
export const removeExport = (text: string, exported: Imported): string => take(text, exported, 'export');

/** `import * as order from './order.js'` */
export function addNamespaceImport(text: string, { name, from }: Imported): string {
  const source = parse(text);
  const there = importsOf(source, 'import').some((each) => moduleOf(each) === from && namespaceOf(each) === name);
  return there ? text : insertDeclaration(source, `import * as ${name} from '${from}';`, from, 'import');
}

export const removeNamespaceImport = (text: string, { name, from }: Imported): string =>
  remove(parse(text), (node) => ts.isImportDeclaration(node) && moduleOf(node) === from && namespaceOf(node) === name);

function add(text: string, { name, from, type = false }: Imported, keyword: 'import' | 'export'): string {
  const source = parse(text);
  const declarations = importsOf(source, keyword).filter((each) => moduleOf(each) === from && namesOf(each));
  if (declarations.some((each) => containsName(each, name))) return text;
  // A name goes into a declaration of its kind: a type also beside values, but a value never into `import type`.
  const found =
    declarations.find((each) => isTypeOnly(each) === type) ?? declarations.find((each) => !isTypeOnly(each));
  const names = found && namesOf(found);
  if (!names) {
    const keywords = type ? `${keyword} type` : keyword;
    return insertDeclaration(source, `${keywords} { ${name} } from '${from}';`, from, keyword);
  }
  const element = type && !isTypeOnly(found) ? `type ${name}` : name;
  return insert(names, element, { before: alphabetical(names, element) });
}

function take(text: string, { name, from }: Imported, keyword: 'import' | 'export'): string {
  const source = parse(text);
  const found = importsOf(source, keyword).find((each) => moduleOf(each) === from && containsName(each, name));
  const names = found && namesOf(found);
  if (!names) throw new Error(`${name} of ${from} is not ${keyword}ed`);
  if (names.elements.length === 1) return remove(source, (node) => node === found);
  return remove(names, name);
}

function importsOf(source: ts.SourceFile, keyword: 'import' | 'export'): Declaration[] {
  return source.statements.filter((each): each is Declaration =>
    keyword === 'import' ? ts.isImportDeclaration(each) : ts.isExportDeclaration(each) && !!each.moduleSpecifier,
  );
}

const moduleOf = ({ moduleSpecifier }: Declaration): string =>
  moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : '';

function namesOf(declaration: Declaration): ts.NamedImports | ts.NamedExports | undefined {
  const names = ts.isImportDeclaration(declaration)
    ? declaration.importClause?.namedBindings
    : declaration.exportClause;
  return names && (ts.isNamedImports(names) || ts.isNamedExports(names)) ? names : undefined;
}

function namespaceOf(declaration: Declaration): string | undefined {
  const names = ts.isImportDeclaration(declaration) ? declaration.importClause?.namedBindings : undefined;
  return names && ts.isNamespaceImport(names) ? names.name.text : undefined;
}

const isTypeOnly = (declaration: Declaration): boolean =>
  ts.isImportDeclaration(declaration)
    ? declaration.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : declaration.isTypeOnly;

const containsName = (declaration: Declaration, name: string): boolean => {
  const names = namesOf(declaration);
  return names !== undefined && contains(names, name);
};

/** Puts a name where it belongs when the names are sorted, types behind values; otherwise at the end. */
function alphabetical(names: ts.NamedImports | ts.NamedExports, element: string): (node: ts.Node) => boolean {
  const key = (name: string): string => (name.startsWith('type ') ? `2${name.slice(5)}` : `1${name}`).toLowerCase();
  return inOrder(
    names.elements.map((each) => key(each.getText())),
    key(element),
    (node) => key(node.getText()),
  );
}

function insertDeclaration(source: ts.SourceFile, declaration: string, from: string, keyword: 'import' | 'export') {
  const all = importsOf(source, keyword);
  const key = (specifier: string): string => `${specifier.startsWith('.') ? 2 : 1}${specifier}`;
  const before = inOrder(
    all.map((each) => key(moduleOf(each))),
    key(from),
    (node) => key(moduleOf(node as Declaration)),
  );
  const first = all.find(before);
  if (first) return insert(source, declaration, { before: (node) => node === first });
  const last = all.at(-1);
  const next = last ? source.statements[source.statements.indexOf(last) + 1] : source.statements[0];
  return next ? insert(source, declaration, { before: (node) => node === next }) : insert(source, declaration);
}

/** True for the first element behind the new one. When the elements are not sorted, for none: the new one goes last. */
function inOrder(keys: readonly string[], key: string, keyOf: (node: ts.Node) => string): (node: ts.Node) => boolean {
  const sorted = keys.every((each, index) => index === 0 || keys[index - 1]! <= each);
  return (node) => sorted && keyOf(node) > key;
}
