import { basename, dirname, join } from 'node:path';
import { generateFiles, type Tree } from '@nx/devkit';
import { formatted } from '../edit/file.js';

/** The same from `src` and from `dist`. */
const templates = join(import.meta.dirname, '../../src/pieces/files');

/**
 * Writes a file from a template (EJS), formatted.
 * @param template its folder in `files/`
 * @throws when the file is there: somebody's work would be lost
 */
export async function writeFile(
  tree: Tree,
  path: string,
  template: string,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (tree.exists(path)) throw new Error(`${path} is there already. Remove or rename it first.`);
  generateFiles(tree, join(templates, template), dirname(path), { ...values, file: basename(path) });
  tree.write(path, await formatted(tree.root, path, tree.read(path, 'utf8') ?? ''));
}

export function removeFile(tree: Tree, path: string): void {
  if (tree.exists(path)) tree.delete(path);
}
