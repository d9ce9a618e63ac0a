import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import ts from 'typescript';

/** What a JavaScript file loads, as its text says. */
export interface SourceFile {
  /** Specifiers of `import`, `export … from` and `import()`. */
  readonly imports: ReadonlySet<string>;
  /** Specifiers of `require()`. */
  readonly requires: ReadonlySet<string>;
  /** Whether it may load or read files whose names are not in its text: computed names, or its own location. */
  readonly reachesOut: boolean;
}

const builtins = new Set(builtinModules);
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtins.has(specifier);

/**
 * Reads a module. Everything found counts, also in a branch that is never taken: keeping a file too many is harmless.
 * Parsed, not searched with patterns: those take examples in comments for code, and `ts.preProcessFile` misses
 * `export * as name from`.
 */
export function readSource(file: string): SourceFile {
  const found = { imports: new Set<string>(), requires: new Set<string>(), reachesOut: false };
  const add = (to: Set<string>, node: ts.Node | undefined): void => {
    if (!node || !ts.isStringLiteralLike(node)) found.reachesOut = true;
    else if (node.text !== '' && !isBuiltin(node.text)) to.add(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(found.imports, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(found.imports, node.moduleSpecifier);
    else if (ts.isCallExpression(node)) visitCall(node);
    else if (ts.isIdentifier(node) && location.has(node.text)) found.reachesOut = true;
    else if (ts.isMetaProperty(node)) found.reachesOut = true;
    ts.forEachChild(node, visit);
  };
  const visitCall = ({ expression, arguments: [name] }: ts.CallExpression): void => {
    if (expression.kind === ts.SyntaxKind.ImportKeyword) add(found.imports, name);
    else if (isRequire(expression)) add(found.requires, name);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false, ts.ScriptKind.JS));
  return found;
}

const location = new Set(['__dirname', '__filename', 'createRequire']);

/** `require(…)`, `require.resolve(…)`, and the `__require(…)` of bundlers. */
function isRequire(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'require' || callee.text === '__require';
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'resolve' && isRequire(callee.expression);
}
