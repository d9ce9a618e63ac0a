import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prune, type ImageOf } from '@causeway/images';
import { output } from '@causeway/launcher/run';
import type { BaseContents } from './bill-of-materials.js';

/** Where the code of an image is: `apps/order`. */
export const workspaceOf = (image: ImageOf): string => (image === 'cli' ? 'tools/cli' : `apps/${image}`);

/**
 * `name@version` of the packages of npm that the image of a workspace gets: what the image's own build step says.
 * @param root The repository, installed and built.
 */
export function npmPackagesOf(root: string, workspace: string): readonly string[] {
  const out = mkdtempSync(join(tmpdir(), 'causeway-sbom-'));
  try {
    return prune({ root, workspace, out }).packages;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Asks an image for its Node, its system and the system's packages; nothing of the app runs. */
export async function baseContentsOf(docker: string, image: string): Promise<BaseContents> {
  const inside = (command: string, ...args: string[]): Promise<string> =>
    output([docker, 'run', '--rm', '--network=none', '--read-only', '--entrypoint', command, image, ...args]);
  const fields = '${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${source:Version}\\n';
  const release = await inside('cat', '/etc/os-release');
  return {
    node: (await inside('node', '--version')).replace(/^v/, ''),
    system: { id: valueOf(release, 'ID'), version: valueOf(release, 'VERSION_ID') },
    packages: (await inside('dpkg-query', '--show', `--showformat=${fields}`)).split('\n').map((line) => {
      const [name = '', version = '', arch = '', source = '', sourceVersion = ''] = line.split('\t');
      return { name, version, arch, source: { name: source, version: sourceVersion } };
    }),
  };
}

const valueOf = (release: string, key: string): string =>
  new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
