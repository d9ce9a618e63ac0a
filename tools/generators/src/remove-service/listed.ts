import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { hasProperty, nameOf, parse, propertyOf, valueOf } from '../edit/source.js';
import { routesFile, topologyFile } from '../service/contracts.js';
import { servicesFile } from '../service/registration.js';

/** An entry of the list of services. */
export interface Entry {
  readonly name: string;
  readonly node: ts.ObjectLiteralExpression;
}

export const textOf = (tree: Tree, file: string): string => tree.read(file, 'utf8') ?? '';

export const isText = (node: ts.Node | undefined, text: string): boolean =>
  node !== undefined && ts.isStringLiteral(node) && node.text === text;

export function entriesOf(tree: Tree): Entry[] {
  const list = valueOf(parse(textOf(tree, servicesFile)), 'entries');
  if (!ts.isArrayLiteralExpression(list)) return [];
  return list.elements
    .filter(ts.isObjectLiteralExpression)
    .map((node) => ({ node, name: stringOf(propertyOf(node, 'name')) }));
}

const stringOf = (node: ts.Node): string => (ts.isStringLiteral(node) ? node.text : node.getText());

/** The names that a property of an entry lists: strings of an array, keys of an object. */
export function namesIn({ node }: Entry, property: string): string[] {
  if (!hasProperty(node, property)) return [];
  const value = propertyOf(node, property);
  if (ts.isArrayLiteralExpression(value)) return value.elements.map(stringOf);
  return ts.isObjectLiteralExpression(value) ? value.properties.map(nameOf) : [];
}

/** A route of the contracts, as far as a removal needs it. */
export interface ListedRoute {
  readonly operationId: string;
  readonly path: string;
  readonly owner: string;
}

export function routesOf(tree: Tree): ListedRoute[] {
  const list = valueOf(parse(textOf(tree, routesFile)), 'routes');
  if (!ts.isArrayLiteralExpression(list)) return [];
  return list.elements.filter(ts.isObjectLiteralExpression).map((node) => ({
    operationId: stringOf(propertyOf(node, 'operationId')),
    path: stringOf(propertyOf(node, 'path')),
    owner: stringOf(propertyOf(node, 'owner')),
  }));
}

/** Whether an element of the routes is one of a service. */
export const ownedBy = (node: ts.Node, service: string): boolean =>
  ts.isObjectLiteralExpression(node) && hasProperty(node, 'owner') && isText(propertyOf(node, 'owner'), service);

export interface ListedConsumer {
  readonly service: string;
  /** `order.orderConfirmed` */
  readonly messages: readonly string[];
}

export function consumersOf(tree: Tree): ListedConsumer[] {
  const list = valueOf(parse(textOf(tree, topologyFile)), 'consumers');
  if (!ts.isArrayLiteralExpression(list)) return [];
  return list.elements.flatMap((element) => {
    const call = ts.isSpreadElement(element) ? element.expression : element;
    if (!ts.isCallExpression(call)) return [];
    const [service, ...messages] = call.arguments;
    return service ? [{ service: stringOf(service), messages: messages.map((each) => each.getText()) }] : [];
  });
}
