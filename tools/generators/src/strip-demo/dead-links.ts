import { posix } from 'node:path';

/**
 * Makes links to files that are gone plain text: the sentence around them is still true, or is between marks.
 * @param file the Markdown file, from the root
 * @param exists whether a file or folder is there, from the root
 */
export function withoutDeadLinks(file: string, text: string, exists: (path: string) => boolean): string {
  return text.replaceAll(
    /\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)#\s]+)(#[^)\s]*)?\)/g,
    (link, label: string, target: string) => {
      if (/^[a-z]+:/.test(target)) return link;
      return exists(posix.join(posix.dirname(file), target)) ? link : label;
    },
  );
}
