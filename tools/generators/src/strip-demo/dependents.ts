import ts from 'typescript';

/** What a file would still need of the demo. */
export interface Dependency {
  readonly file: string;
  /** Names and subjects: `orderConfirmed`, `order.evt.confirmed.v1`. */
  readonly needs: readonly string[];
}

/**
 * Finds what needs contracts of the demo though it is not part of it: a service that consumes one of its events, calls
 * one of its services, or shows one of its schemas.
 * @param kept TypeScript of services and contracts as it would be without the demo, by path
 * @param removed contracts of the demo, by path
 * @param services of the demo
 */
export function dependenciesOn(
  kept: ReadonlyMap<string, string>,
  removed: ReadonlyMap<string, string>,
  services: readonly string[],
): Dependency[] {
  const names = new Set<string>();
  const strings = new Set<string>(services);
  for (const [file, text] of removed)
    visit(file, text, (node) => {
      if (ts.isVariableStatement(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
        for (const { name } of node.declarationList.declarations) names.add(name.getText());
      if (ts.isStringLiteral(node) && /^[a-z-]+\.(evt|cmd|rpc)\./.test(node.text)) strings.add(node.text);
    });
  const modules = new Set([...removed.keys()].map((file) => file.split('/').at(-1)!.replace(/\.ts$/, '.js')));
  return [...kept].flatMap(([file, text]) => {
    const needs = new Set<string>();
    visit(file, text, (node) => {
      if (ts.isImportSpecifier(node) && isOfContracts(node) && names.has((node.propertyName ?? node.name).text))
        needs.add((node.propertyName ?? node.name).text);
      if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
        const { text: from } = node.moduleSpecifier;
        if (from.startsWith('.') && file.startsWith('libs/contracts/') && modules.has(from.split('/').at(-1)!))
          needs.add(from);
      }
      if (isValue(node) && strings.has(node.text)) needs.add(node.text);
    });
    return needs.size === 0 ? [] : [{ file, needs: [...needs] }];
  });
}

/** A string, or the name of a property: `calls: { order: 'why' }`. */
const isValue = (node: ts.Node): node is ts.StringLiteral | ts.Identifier =>
  ts.isStringLiteral(node) ||
  (ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node);

function isOfContracts(node: ts.ImportSpecifier): boolean {
  const { moduleSpecifier } = node.parent.parent.parent as ts.ImportDeclaration;
  return ts.isStringLiteral(moduleSpecifier) && /^@[^/]+\/contracts$/.test(moduleSpecifier.text);
}

function visit(file: string, text: string, look: (node: ts.Node) => void): void {
  const each = (node: ts.Node): void => {
    look(node);
    ts.forEachChild(node, each);
  };
  each(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
}
