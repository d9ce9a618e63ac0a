import { schemaOf, type Contract, type Contracts } from '@causeway/contracts/published';
import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { nameOf, parse, propertyOf, valueOf } from '../edit/source.js';
import { definitionsIn, ownersOf } from './contract.js';
import { literal } from './service.js';

const file = 'libs/contracts/published.json';
export const routesFile = 'libs/contracts/src/http/routes.ts';

export const publishedContracts = (tree: Tree): Contracts => JSON.parse(tree.read(file, 'utf8') ?? '{}') as Contracts;

/** The recorded contract of a name. @throws when there is none */
export function publishedContract(tree: Tree, name: string): Contract {
  const found = publishedContracts(tree)[name];
  if (found) return found;
  throw new Error(`${name} is not recorded in ${file}. Run: npx causeway contracts snapshot`);
}

/** Records a new contract as published. What is recorded of others stays as it is: `contracts check` compares it. */
export function publish(tree: Tree, name: string, contract: Contract): void {
  write(tree, { ...publishedContracts(tree), [name]: contract });
}

export function unpublish(tree: Tree, name: string): void {
  const { [name]: _removed, ...rest } = publishedContracts(tree);
  write(tree, rest);
}

export { schemaOf };

/** In the order in which `contracts snapshot` writes them: messages, RPCs, operations. */
function write(tree: Tree, contracts: Contracts): void {
  const order = namesInOrder(tree);
  const position = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const sorted = Object.entries(contracts).sort(([a], [b]) => position(a) - position(b));
  tree.write(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

function namesInOrder(tree: Tree): string[] {
  // A module lists its exports in the order of their names.
  const subjects = ownersOf(tree).flatMap((owner) =>
    definitionsIn(tree, owner)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ subject }) => subject),
  );
  const isRpc = (subject: string): boolean => subject.split('.')[1] === 'rpc';
  return [
    ...subjects.filter((subject) => !isRpc(subject)),
    ...subjects.filter(isRpc),
    ...routeNodes(tree).map((route) => literal(propertyOf(route, 'operationId'))),
  ];
}

/** The entries of the route table, as source. */
export function routeNodes(tree: Tree): ts.ObjectLiteralExpression[] {
  const routes = valueOf(parse(tree.read(routesFile, 'utf8') ?? ''), 'routes');
  if (!ts.isArrayLiteralExpression(routes)) throw new Error(`${routesFile}: ${nameOf(routes)} is no array`);
  return routes.elements.filter(ts.isObjectLiteralExpression);
}
