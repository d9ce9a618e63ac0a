import { join } from 'node:path';
import type { Tree } from '@nx/devkit';
import { format, resolveConfig } from 'prettier';

/** Formats the text of a file as the repository has it. @param path of the file, relative to the root */
export async function formatted(root: string, path: string, text: string): Promise<string> {
  const filepath = join(root, path);
  return format(text, { ...(await resolveConfig(filepath, { editorconfig: true })), filepath });
}

/**
 * Edits a file, formats it and writes it, each change in the order given.
 * @throws when the file is not there, or an edit does not find its place; the message begins with the path
 */
export async function edit(tree: Tree, path: string, ...changes: readonly ((text: string) => string)[]): Promise<void> {
  const before = tree.read(path, 'utf8');
  if (before === null) throw new Error(`${path}: there is no such file`);
  try {
    const after = changes.reduce((text, change) => change(text), before);
    if (after !== before) tree.write(path, await formatted(tree.root, path, after));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
