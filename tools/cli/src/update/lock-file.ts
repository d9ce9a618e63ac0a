/** `package-lock.json`, as far as it matters here. */
interface LockFile {
  readonly packages: Readonly<Record<string, unknown>>;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Merges two locks entry by entry: the template's where it changed an entry, else the fork's. Lines mean nothing in this
 * file. `npm install` mends what does not fit the `package.json` files.
 */
export function mergeLocks(base: string, fork: string, template: string): string {
  const [old, ours, theirs] = [base, fork, template].map((text) => JSON.parse(text) as LockFile) as [
    LockFile,
    LockFile,
    LockFile,
  ];
  const names = new Set([...Object.keys(ours.packages), ...Object.keys(theirs.packages)]);
  const packages: Record<string, unknown> = {};
  for (const name of [...names].sort(byName)) {
    const changed = !same(old.packages[name], theirs.packages[name]);
    const entry = changed ? theirs.packages[name] : ours.packages[name];
    if (entry !== undefined) packages[name] = entry;
  }
  return `${JSON.stringify({ ...ours, packages }, null, 2)}\n`;
}

/** As npm sorts them. */
const byName = (a: string, b: string): number => a.localeCompare(b, 'en');
