import { globSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../../..');

/** All TypeScript sources below the given top folders, without generated and built ones. */
export const sourceFiles = (folders: readonly string[]): string[] =>
  folders
    .flatMap((folder) => globSync(join(root, folder, '*/{src,test}/**/*.ts')))
    .filter((path) => !/\/(generated|dist|node_modules)\//.test(path));
