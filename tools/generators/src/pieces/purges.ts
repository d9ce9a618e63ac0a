import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit } from '../edit/file.js';
import { addImport } from '../edit/imports.js';
import { contains, insert, remove } from '../edit/list.js';
import { parse } from '../edit/source.js';
import { removeUnusedImports } from './contract.js';

const moduleOf = (service: string): string => `apps/${service}/src/app.module.ts`;

/** Rows that grow old: of messages that were handled, and of responses under an `Idempotency-Key`. */
export type PurgeName = 'purgeInbox' | 'purgeIdempotency';

/** What a service keeps it also deletes: with the first piece that needs it, `Housekeeping` does. */
export async function addPurge(tree: Tree, service: string, purge: PurgeName): Promise<void> {
  const text = tree.read(moduleOf(service), 'utf8') ?? '';
  const purges = purgesOf(text);
  if (!purges || mentions(tree, `apps/${service}/src`, purge)) return;
  await edit(
    tree,
    moduleOf(service),
    () =>
      ts.isArrayLiteralExpression(purges)
        ? insert(purges, purge)
        : replace(purges, `[...${purges.getText()}, ${purge}]`),
    (after) => addImport(after, { name: purge, from: '@causeway/persistence' }),
  );
}

/** It goes with the last piece that needs it; the caller knows that. */
export async function removePurge(tree: Tree, service: string, purge: PurgeName): Promise<void> {
  const purges = purgesOf(tree.read(moduleOf(service), 'utf8') ?? '');
  if (!purges || !ts.isArrayLiteralExpression(purges)) return;
  if (!contains(purges, purge)) return;
  const [first, ...others] = purges.elements;
  const wrapped = first && ts.isSpreadElement(first) && others.length === 1;
  await edit(
    tree,
    moduleOf(service),
    () => (wrapped ? replace(purges, first.expression.getText()) : remove(purges, purge)),
    removeUnusedImports,
  );
}

const mentions = (tree: Tree, folder: string, name: string): boolean =>
  tree.children(folder).some((child) => {
    const path = `${folder}/${child}`;
    return tree.isFile(path) ? (tree.read(path, 'utf8') ?? '').includes(name) : mentions(tree, path, name);
  });

/** The second argument of `new Housekeeping(…)`: what it deletes. */
function purgesOf(text: string): ts.Expression | undefined {
  let found: ts.Expression | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'Housekeeping') found ??= node.arguments?.[1];
    ts.forEachChild(node, visit);
  };
  visit(parse(text));
  return found;
}

function replace(node: ts.Node, code: string): string {
  const { text } = node.getSourceFile();
  return text.slice(0, node.getStart()) + code + text.slice(node.end);
}
