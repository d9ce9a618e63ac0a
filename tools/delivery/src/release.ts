import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '@causeway/launcher/run';
import { reportsFolder, root } from './places.js';
import { DeliveryRefused } from './refused.js';

/** What was built from one commit. */
export interface BuiltRelease {
  /** `git-` and twelve digits of the commit: fits as a tag and as a DNS label. */
  readonly version: string;
  readonly revision: string;
  /** By app. */
  readonly images: Readonly<Record<string, ReleasedImage>>;
}

export interface ReleasedImage {
  /** Without tag: `registry.example.org/shop/order`. */
  readonly name: string;
  /** `sha256:…` of the manifest, as the registry has it. */
  readonly digest: string;
}

export const versionOf = (revision: string): string => `git-${revision.slice(0, 12)}`;

export const referenceOf = ({ name, digest }: ReleasedImage): string => `${name}@${digest}`;

/** The commit that is checked out. @throws DeliveryRefused when files differ from it: what is built would have no commit */
export async function cleanRevision(folder = root): Promise<string> {
  const changed = await output(['git', '-C', folder, 'status', '--porcelain', '--untracked-files=no']);
  if (changed !== '')
    throw new DeliveryRefused(
      `These files differ from the commit, so a release of it would not be it: commit them first.\n${changed}`,
    );
  return output(['git', '-C', folder, 'rev-parse', 'HEAD']);
}

/** When a commit was made. */
export const createdAt = async (revision: string, folder = root): Promise<Date> =>
  new Date(await output(['git', '-C', folder, 'log', '-1', '--format=%cI', revision]));

const file = (folder: string): string => join(folder, 'release.json');

export function writeRelease(release: BuiltRelease, folder = reportsFolder): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file(folder), `${JSON.stringify(release, null, 2)}\n`);
}

/** @throws DeliveryRefused when the stage `images` has not run, or ran for another commit */
export function readRelease(revision?: string, folder = reportsFolder): BuiltRelease {
  let release: BuiltRelease;
  try {
    release = JSON.parse(readFileSync(file(folder), 'utf8')) as BuiltRelease;
  } catch {
    throw new DeliveryRefused(
      `There is no ${file(folder)}: run \`npm run images:release\` first, or hand its folder on from the stage before.`,
    );
  }
  if (revision !== undefined && release.revision !== revision)
    throw new DeliveryRefused(`${file(folder)} is of commit ${release.revision}, but ${revision} is checked out.`);
  return release;
}
