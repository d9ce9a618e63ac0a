import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit } from '../edit/file.js';
import { addImport, type Imported } from '../edit/imports.js';
import { insert, remove } from '../edit/list.js';
import { argumentOf, hasProperty, parse, propertyOf, valueOf } from '../edit/source.js';
import { removeUnusedImports } from './contract.js';

/** What a piece adds to the composition root. */
export interface Binding {
  /** A controller or a handler. */
  readonly controller: Imported;
  /** What it is given. */
  readonly provider?: {
    /** As in `provide: …`. */
    readonly provide: string;
    readonly code: string;
    readonly imports: readonly Imported[];
  };
}

const moduleOf = (service: string): string => `apps/${service}/src/app.module.ts`;

/** Binds a piece in app.module.ts. What is there already stays as it is. */
export async function bind(tree: Tree, service: string, { controller, provider }: Binding): Promise<void> {
  await edit(
    tree,
    moduleOf(service),
    (text) => insertInto(text, 'controllers', controller.name),
    ...(provider ? [(text: string) => insertProvider(text, provider.code)] : []),
    ...[controller, ...(provider?.imports ?? [])].map((each) => (text: string) => addImport(text, each)),
  );
}

export async function unbind(tree: Tree, service: string, controller: string, provide?: string): Promise<void> {
  await edit(
    tree,
    moduleOf(service),
    (text) => remove(propertyOf(argumentOf(parse(text), 'Module'), 'controllers'), controller),
    ...(provide ? [(text: string) => removeProvider(text, provide)] : []),
    removeUnusedImports,
  );
}

export const isBound = (tree: Tree, service: string, controller: string): boolean =>
  new RegExp(`\\b${controller}\\b`).test(tree.read(moduleOf(service), 'utf8') ?? '');

function insertInto(text: string, list: 'controllers' | 'providers', element: string): string {
  const module = argumentOf(parse(text), 'Module');
  if (hasProperty(module, list)) return insert(propertyOf(module, list), element);
  return insert(module, `${list}: [${element}]`);
}

/** The constants of a composition root in which providers of this kind stand. */
const groups = ['useCases', 'adapters'];

function insertProvider(text: string, code: string): string {
  const group = groupOf(text);
  return group ? insert(group, code) : insertInto(text, 'providers', code);
}

function groupOf(text: string): ts.ArrayLiteralExpression | undefined {
  for (const name of groups) {
    try {
      const value = valueOf(parse(text), name);
      if (ts.isArrayLiteralExpression(value)) return value;
    } catch {
      continue; // No such constant.
    }
  }
  return undefined;
}

function removeProvider(text: string, provide: string): string {
  const isIt = (node: ts.Node): boolean =>
    ts.isObjectLiteralExpression(node) &&
    hasProperty(node, 'provide') &&
    propertyOf(node, 'provide').getText() === provide;
  const group = groupOf(text);
  if (group?.elements.some(isIt)) return remove(group, isIt);
  return remove(propertyOf(argumentOf(parse(text), 'Module'), 'providers'), isIt);
}
