const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

type Entries = Readonly<Record<string, unknown>>;

const parsed = (texts: readonly string[]): readonly Entries[] => texts.map((text) => JSON.parse(text) as Entries);

/**
 * Merges two locks entry by entry: the template's where it changed an entry, else the fork's. Lines mean nothing in this
 * file. `npm install` mends what does not fit the `package.json` files.
 */
export function mergeLocks(base: string, fork: string, template: string): string {
  const [old, ours, theirs] = parsed([base, fork, template]);
  const packages = mergeEntries(old?.['packages'], ours?.['packages'], theirs?.['packages'], 'template');
  return `${JSON.stringify({ ...ours, packages: sorted(packages ?? {}) }, null, 2)}\n`;
}

/**
 * Merges two objects in JSON, such as the record of contracts, entry by entry: what the fork has added and what the
 * template has added are no conflict because they stand beside each other.
 * @returns undefined when both changed the same entry, each in another way
 */
export function mergeObjects(base: string, fork: string, template: string): string | undefined {
  const [old, ours, theirs] = parsed([base, fork, template]);
  const merged = mergeEntries(old, ours, theirs, 'nobody');
  return merged && `${JSON.stringify(merged, null, 2)}\n`;
}

/** @param winner where both changed an entry; with `nobody` there is no result */
function mergeEntries(
  old: unknown,
  ours: unknown,
  theirs: unknown,
  winner: 'template' | 'nobody',
): Record<string, unknown> | undefined {
  const [before, fork, template] = [old, ours, theirs].map((entries) => (entries ?? {}) as Entries) as [
    Entries,
    Entries,
    Entries,
  ];
  const merged: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(fork), ...Object.keys(template)])) {
    const changedThere = !same(before[name], template[name]);
    const both = changedThere && !same(before[name], fork[name]) && !same(fork[name], template[name]);
    if (both && winner === 'nobody') return undefined;
    const entry = changedThere ? template[name] : fork[name];
    if (entry !== undefined) merged[name] = entry;
  }
  return merged;
}

/** As npm sorts them. */
const sorted = (entries: Entries): Entries =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, 'en')));
