import type { Tree } from '@nx/devkit';

/** What needs the demo though it is not part of it, each as a sentence. */
export function dependentsOf(tree: Tree, files: readonly string[]): string[] {
  void tree;
  void files;
  return [];
}
