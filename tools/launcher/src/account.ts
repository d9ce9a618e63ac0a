import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';

/** PostgreSQL refuses to run as root, so root hands it to an account without rights. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The account to drop to; undefined for an ordinary user, who needs none. No account is ever created. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['nobody', 'postgres']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) | 0;
      return { name, uid: id('-u'), gid: id('-g') };
    } catch {
      // Try the next one.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no account nobody or postgres to run it; start as an ordinary user.',
  );
}

/**
 * Whether the account may pass through a folder and all its parents. Missing folders count as passable: we create them.
 */
export function canReach(account: Account, path: string): boolean {
  const folder = resolve(path);
  if (!mayEnter(account, folder)) return false;
  return folder === parse(folder).root || canReach(account, dirname(folder));
}

function mayEnter(account: Account, folder: string): boolean {
  const entry = statSync(folder, { throwIfNoEntry: false });
  if (!entry) return true;
  if (entry.uid === account.uid) return (entry.mode & 0o100) !== 0;
  if (entry.gid === account.gid) return (entry.mode & 0o010) !== 0;
  return (entry.mode & 0o001) !== 0;
}

/**
 * Returns a folder for data that the account can reach: the wanted one, else one below `/var/tmp` (root's home usually
 * has mode 0700).
 */
export function reachableFolder(account: Account | undefined, wanted: string): string {
  return !account || canReach(account, dirname(wanted)) ? wanted : join(openFolder(wanted), 'data');
}

/**
 * `/var/tmp/causeway-<hash of the path>`: open to all accounts, and the same one at every start. Only root needs it.
 */
export function openFolder(path: string): string {
  const folder = `/var/tmp/causeway-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 12)}`;
  mkdirSync(folder, { recursive: true });
  const entry = lstatSync(folder);
  // Every user may create entries in /var/tmp: this one could be a trap.
  if (!entry.isDirectory() || entry.uid !== 0)
    throw new Error(`${folder} exists and does not belong to root; remove it and start again.`);
  chmodSync(folder, 0o755);
  return folder;
}

/** Creates a folder with mode 0700 that belongs to the account, and parents that it can pass through. */
export function makeOwned(account: Account | undefined, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account) chownSync(folder, account.uid, account.gid);
}
