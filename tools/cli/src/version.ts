import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Which state of the sources this command line is. The image has no Git; there the version alone says it. */
export function versionOfThis(): { readonly lines: string; readonly data: Readonly<Record<string, string>> } {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const folder = dirname(fileURLToPath(file));
  const git = spawnSync('git', ['-C', folder, 'rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8', timeout: 5_000 });
  const commit = git.status === 0 ? git.stdout.trim() : undefined;
  const node = process.versions.node;
  return {
    lines: [`causeway ${version}`, ...(commit ? [`commit ${commit}`] : []), `Node ${node}`].join(', '),
    data: { version, ...(commit && { commit }), node },
  };
}
