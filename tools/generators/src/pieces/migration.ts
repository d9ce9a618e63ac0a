import type { Tree } from '@nx/devkit';
import { demandDatabase, serviceEntry } from './service.js';

export interface MigrationOptions {
  readonly service: string;
  /** What it does: `add-carrier`. */
  readonly name: string;
  /** `yyyymmddhhmmss`, in UTC. */
  readonly timestamp: string;
  /** Default: a comment that says what to write. */
  readonly sql?: string;
}

const folderOf = (service: string): string => `apps/${service}/prisma/migrations`;

/**
 * Adds a migration: `prisma/migrations/<timestamp>_<name>/migration.sql`. The folder is registered in migrations.ts
 * as a whole. It is the last in its order, because those before it may be applied in some database: what is applied
 * never changes, and nothing comes between.
 * @throws when the service has no database, the name is taken or no name, or a migration is as late or later
 * @returns the path of the file
 */
export function addMigration(tree: Tree, { service, name, timestamp, sql }: MigrationOptions): string {
  const entry = serviceEntry(tree, service);
  demandDatabase(entry, 'A migration', 'whose tables it changes');
  const snake = name.trim().replaceAll(/[- ]+/g, '_');
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(snake) || snake.length > 60)
    throw new Error(`${name} is no name for a migration: words of lower-case letters, as in add-carrier.`);
  demandRegistered(tree, service);
  const all = migrationsOf(tree, service);
  const same = all.find((each) => each.slice(15) === snake);
  if (same !== undefined)
    throw new Error(
      `${service} has the migration ${same}, which may be applied somewhere: it does not change. Choose another name.`,
    );
  demandTimestamp(timestamp, all.at(-1));
  const path = `${folderOf(service)}/${timestamp}_${snake}/migration.sql`;
  tree.write(path, sql ?? `-- ${snake.replaceAll('_', ' ')}\n`);
  return path;
}

/** Removes a migration that nobody has applied yet: only the last can go. @throws when others follow it */
export function removeMigration(tree: Tree, { service, name, timestamp }: MigrationOptions): void {
  const folder = `${timestamp}_${name.trim().replaceAll(/[- ]+/g, '_')}`;
  const all = migrationsOf(tree, service);
  if (!all.includes(folder)) throw new Error(`${service} has no migration ${folder}.`);
  if (all.at(-1) !== folder) throw new Error(`${folder} stays: ${all.at(-1)} follows it, and may rely on it.`);
  tree.delete(`${folderOf(service)}/${folder}`);
}

/** Names of the migrations of a service, in their order. */
export function migrationsOf(tree: Tree, service: string): string[] {
  const folder = folderOf(service);
  return tree.exists(folder)
    ? tree
        .children(folder)
        .filter((each) => /^\d{14}_/.test(each))
        .sort()
    : [];
}

function demandRegistered(tree: Tree, service: string): void {
  const path = `apps/${service}/src/migrations.ts`;
  if ((tree.read(path, 'utf8') ?? '').includes('../prisma/migrations')) return;
  throw new Error(
    `${path} does not register the folder prisma/migrations: add ` +
      `{ name: '${service}', directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)), table: 'prisma' }.`,
  );
}

function demandTimestamp(timestamp: string, last: string | undefined): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(timestamp) ?? [];
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(date.getTime()) || timestampOf(date) !== timestamp)
    throw new Error(`The timestamp ${timestamp} is no time: yyyymmddhhmmss, in UTC, as 20261128061500.`);
  if (last !== undefined && timestamp <= last.slice(0, 14))
    throw new Error(
      `The timestamp ${timestamp} is not behind the last migration, ${last}, which may be applied already.`,
    );
}

/** `yyyymmddhhmmss`, in UTC. */
export const timestampOf = (date: Date): string => date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);

/** A timestamp some seconds later. */
export function later(timestamp: string, seconds: number): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(timestamp) ?? [];
  return timestampOf(new Date(Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second! + seconds)));
}

/** Default of the option: now, or behind the last migration of the service if that is in the future. */
export function nextTimestamp(tree: Tree, service: string, now: Date): string {
  const current = timestampOf(now);
  const last = migrationsOf(tree, service).at(-1)?.slice(0, 14);
  return last !== undefined && last >= current ? later(last, 1) : current;
}
