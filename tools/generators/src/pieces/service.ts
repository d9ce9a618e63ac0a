import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { hasProperty, nameOf, parse, propertyOf, valueOf } from '../edit/source.js';

export const servicesFile = 'tools/system/src/services.ts';

/** What the list of services says of one. */
export interface ServiceEntry {
  readonly name: string;
  /** Has a database of its own. */
  readonly database: boolean;
  /** Has an account of the broker. */
  readonly nats: boolean;
  /** Checks access tokens. */
  readonly tokens: boolean;
  /** The one that clients reach. */
  readonly edge: boolean;
  /**
   * `domain`: `src/domain`, `application` and `adapters`. `flat`: a folder for each feature. See docs/decisions/0022.
   */
  readonly shape: 'domain' | 'flat';
}

/** The entries of the list of services, from its source. */
export function serviceEntries(tree: Tree): ServiceEntry[] {
  const entries = valueOf(parse(tree.read(servicesFile, 'utf8') ?? ''), 'entries');
  if (!ts.isArrayLiteralExpression(entries)) throw new Error(`${servicesFile}: entries is no array`);
  return entries.elements.map((entry) => {
    const name = literal(propertyOf(entry, 'name'));
    return {
      name,
      database: hasProperty(entry, 'database'),
      nats: hasProperty(entry, 'nats'),
      tokens: hasProperty(entry, 'tokens'),
      edge: hasProperty(entry, 'edge'),
      shape: tree.exists(`apps/${name}/src/adapters`) ? 'domain' : 'flat',
    };
  });
}

/** @throws when there is none of this name; the message lists those that there are */
export function serviceEntry(tree: Tree, name: string): ServiceEntry {
  const all = serviceEntries(tree);
  const found = all.find((entry) => entry.name === name);
  if (found) return found;
  throw new Error(`There is no service ${name}. There are: ${all.map((entry) => entry.name).join(', ')}.`);
}

/** @throws when the service has no account of the broker */
export function demandBroker({ name, nats }: ServiceEntry, what: string): void {
  if (nats) return;
  throw new Error(
    `${what} needs an account of the broker, and ${name} has none: set \`nats: true\` in ${servicesFile} and add ` +
      `\`messaging()\` to its service.ts, or choose another service.`,
  );
}

/** @throws when the service has no database. @param why what it would need one for */
export function demandDatabase({ name, database }: ServiceEntry, what: string, why: string): void {
  if (database) return;
  throw new Error(`${what} needs a database, ${why}, and ${name} has none. Choose a service that has one.`);
}

/** The list in which the entry of a service is, as source. */
export function entryNode(text: string, name: string): ts.ObjectLiteralExpression {
  const entries = valueOf(parse(text), 'entries');
  const found = ts.isArrayLiteralExpression(entries)
    ? entries.elements.find((each) => ts.isObjectLiteralExpression(each) && literal(propertyOf(each, 'name')) === name)
    : undefined;
  if (found && ts.isObjectLiteralExpression(found)) return found;
  throw new Error(`there is no service ${name}`);
}

export const literal = (node: ts.Node): string => (ts.isStringLiteralLike(node) ? node.text : nameOf(node));

/** Folders of a piece in a service. */
export interface PieceFolders {
  /** Relative to the repository. */
  readonly handler: string;
  readonly useCase: string;
  readonly store: string;
  readonly controller: string;
  readonly test: string;
}

/** Where the files of a piece go, by the shape of the service. @param feature name of its folder in a flat service */
export function foldersOf({ name, shape }: ServiceEntry, feature: string): PieceFolders {
  const src = `apps/${name}/src`;
  const test = `apps/${name}/test`;
  if (shape === 'flat') {
    const folder = `${src}/${feature}`;
    return { handler: folder, useCase: folder, store: folder, controller: folder, test };
  }
  return {
    handler: `${src}/adapters/messaging`,
    useCase: `${src}/application`,
    store: `${src}/adapters/persistence`,
    controller: `${src}/adapters/http`,
    test,
  };
}
