import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository; from `src` and from `dist` alike. */
export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Everything the launcher keeps between starts: databases, streams, secrets, logs. */
export const defaultFolder = join(repository, '.causeway');

/** The Node that runs the services: 24 or later. */
export function nodeForServices(): string {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const installed = join(repository, 'node_modules', '.bin', 'node');
  if (existsSync(installed)) return installed;
  throw new Error(
    `The services need Node 24 and this is ${process.versions.node}; run npm ci (Linux), or install Node 24.`,
  );
}

/**
 * What V8 is told in services: small generations, about 30 MB and 100 MB less for each
 * (docs/decisions/0012-start-up-and-memory.md). Compiled code is kept by these, too: what was compiled with others is of
 * no use.
 */
export const flagsOfServices = ['--max-semi-space-size=8', '--heap-growing-percent=50'] as const;

/** What starts a service of the list. */
export const nodeCommand = (node: string, entry: string): { readonly command: string; readonly args: string[] } => ({
  command: node,
  args: [...flagsOfServices, entry],
});

/** The compiled entry of a service. */
export function entryOf(service: string): string {
  const entry = join(repository, 'apps', service, 'dist', 'main.js');
  if (existsSync(entry)) return entry;
  throw new Error(`apps/${service} is not built; run: node tools/bootstrap.mjs`);
}
