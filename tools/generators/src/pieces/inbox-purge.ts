import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit } from '../edit/file.js';
import { addImport } from '../edit/imports.js';
import { contains, insert, remove } from '../edit/list.js';
import { parse } from '../edit/source.js';
import { handlesAnything, removeUnusedImports } from './contract.js';

const moduleOf = (service: string): string => `apps/${service}/src/app.module.ts`;

/** A service that handles messages deletes old rows of its inbox: with the first consumer, `Housekeeping` does. */
export async function addInboxPurge(tree: Tree, service: string): Promise<void> {
  const text = tree.read(moduleOf(service), 'utf8') ?? '';
  const purges = purgesOf(text);
  if (!purges || /\bpurgeInbox\b/.test(text)) return;
  await edit(
    tree,
    moduleOf(service),
    () =>
      ts.isArrayLiteralExpression(purges)
        ? insert(purges, 'purgeInbox')
        : replace(purges, `[...${purges.getText()}, purgeInbox]`),
    (after) => addImport(after, { name: 'purgeInbox', from: '@causeway/persistence' }),
  );
}

/** With the last consumer it goes. */
export async function removeInboxPurge(tree: Tree, service: string): Promise<void> {
  const purges = purgesOf(tree.read(moduleOf(service), 'utf8') ?? '');
  if (handlesAnything(tree, service) || !purges || !ts.isArrayLiteralExpression(purges)) return;
  if (!contains(purges, 'purgeInbox')) return;
  const [first, ...others] = purges.elements;
  const wrapped = first && ts.isSpreadElement(first) && others.length === 1;
  await edit(
    tree,
    moduleOf(service),
    () => (wrapped ? replace(purges, first.expression.getText()) : remove(purges, 'purgeInbox')),
    removeUnusedImports,
  );
}

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
