import type { Tree } from '@nx/devkit';
import { importPath, plural, singular, spell, type Spellings } from './names.js';
import { foldersOf, type ServiceEntry } from './service.js';

/** What a route is about: a collection, such as `/v1/posts/{postId}/comments`, and the things in it. */
export interface RouteResource {
  readonly service: ServiceEntry;
  /** `/v1/posts/{postId}/comments` */
  readonly collection: string;
  /** `/v1/posts/{postId}/comments/{commentId}` */
  readonly item: string;
  readonly thing: Spellings;
  readonly things: Spellings;
  /** Ids of what it is in: `postId`. */
  readonly parents: readonly string[];
  readonly table: string;
  /** The table of what it is directly in, if the name is that of one. */
  readonly parentTable: string | undefined;
  readonly files: {
    readonly contract: string;
    readonly useCases: string;
    readonly store: string;
    readonly controller: string;
    readonly testing: string;
  };
}

/**
 * Reads the path of a route: a collection or an item of one.
 * @throws when it is neither
 */
export function resourceOf(service: ServiceEntry, path: string): RouteResource & { readonly isItem: boolean } {
  const segments = path.split('/').slice(1);
  const isItem = /^\{\w+\}$/.test(segments.at(-1) ?? '');
  const collection = `/${(isItem ? segments.slice(0, -1) : segments).join('/')}`;
  const name = collection.split('/').at(-1) ?? '';
  if (!/^\/v1(\/[a-z][a-z-]*(\/\{[a-z]\w*Id\})?)*\/[a-z][a-z-]*$/.test(collection) || plural(singular(name)) !== name)
    throw new Error(
      `${path} is no path that this can make: a collection, named in the plural, or an item of it, as /v1/posts, ` +
        '/v1/posts/{postId} and /v1/posts/{postId}/comments. Others are written by hand: libs/contracts/README.md.',
    );
  const thing = spell(singular(name));
  const things = spell(name);
  const item = `${collection}/{${thing.camel}Id}`;
  if (isItem && path !== item) throw new Error(`An item of ${collection} is ${item}.`);
  const folders = foldersOf(service, things.kebab);
  return {
    service,
    isItem,
    collection,
    item,
    thing,
    things,
    parents: [...collection.matchAll(/\{(\w+)\}/g)].map(([, parent]) => parent ?? ''),
    table: things.snake,
    parentTable: undefined,
    files: {
      contract: `libs/contracts/src/http/${things.kebab}.ts`,
      useCases: `${folders.useCase}/${things.kebab}.ts`,
      store: `${folders.store}/pg-${things.kebab}.ts`,
      controller: `${folders.controller}/${things.kebab}.controller.ts`,
      testing: `apps/${service.name}/src/testing/${things.kebab}-service.ts`,
    },
  };
}

/** Whether an earlier route made the resource, so that its schemas, table and classes are there. */
export const isMade = (tree: Tree, { files }: RouteResource): boolean =>
  [files.contract, files.useCases, files.store, files.controller].every((file) => tree.exists(file));

export const fromModule = ({ service }: RouteResource, file: string): string =>
  importPath(`apps/${service.name}/src/app.module.ts`, file);

/** The collection that a resource is directly in, if an earlier route made it in the same service. */
export function madeParent(tree: Tree, { service, collection }: RouteResource): RouteResource | undefined {
  const above = collection.split('/').slice(0, -1);
  if (!above.at(-1)?.startsWith('{')) return undefined;
  const parent = resourceOf(service, above.slice(0, -1).join('/'));
  return isMade(tree, parent) ? parent : undefined;
}
