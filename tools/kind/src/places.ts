import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@causeway/system';

export const root = join(import.meta.dirname, '../../..');

/** Tag of each app's image in the cluster of a context. */
export type Tags = Readonly<Record<string, string>>;

/** Where we keep what we know of a cluster. Never a secret. */
export function folderOf(context: string): string {
  const folder = join(root, '.causeway/kind', context.replaceAll(/[^A-Za-z0-9._-]/g, '_'));
  mkdirSync(folder, { recursive: true });
  return folder;
}

export const keepTags = (context: string, tags: Tags): void =>
  writeFileSync(join(folderOf(context), 'images.json'), `${JSON.stringify(tags, null, 2)}\n`);

/** What the step `images` took to the cluster; `dev` for all where it never ran. */
export function tagsOf(context: string): Tags {
  try {
    return JSON.parse(readFileSync(join(folderOf(context), 'images.json'), 'utf8')) as Tags;
  } catch {
    return Object.fromEntries(serviceNames.map((app) => [app, 'dev']));
  }
}
