import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FsTree } from 'nx/src/generators/tree.js';

const root = join(import.meta.dirname, '../../../..');

/** This repository. What is written stays in memory. */
export const repositoryTree = (): FsTree => new FsTree(root, false);

/** Files that are not as they are in the repository. */
export const differences = (tree: FsTree): string[] =>
  tree
    .listChanges()
    .filter(({ path, content }) => {
      const file = join(root, path);
      return !(existsSync(file) && content !== null && readFileSync(file).equals(content));
    })
    .map(({ path }) => path)
    .sort();
