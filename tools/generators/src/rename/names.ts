/** The two names of a repository: one for machines, and one for people. */
export interface RepositoryNames {
  /** `causeway`: package scope, namespace, database schema, prefix of images, metrics and headers. */
  readonly name: string;
  /** `Causeway`; it may have blanks. */
  readonly title: string;
}

/** What PostgreSQL, npm, Kubernetes and JavaScript give a meaning of their own, and that fits the pattern. */
const taken = new Set(
  [
    'all and any as async await begin between both by case cast check class column commit const create cross current',
    'default default delete desc distinct do else end enum except export extends false for foreign from full function',
    'grant group having if import in index inner insert into is join key left let like limit new node not null npm nx',
    'of on only or order outer package primary public references return right rollback schema select session set some',
    'static super switch system table test then this throw to true try type typeof union unique update user using var',
    'void when where while with yield kubernetes postgres prisma nats default docker latest localhost main undefined',
  ].flatMap((line) => line.split(' ')),
);

/**
 * Says why a name cannot be used. It stands in SQL, YAML, TypeScript, metric names and DNS names as it is: what all of
 * them take is one word. It may be part of no other word that the repository has: renaming again would change that, too.
 * @param words What else stands in the repository: names of projects.
 * @returns undefined when it can be used
 */
export function problemOfName(name: string, words: readonly string[]): string | undefined {
  if (!/^[a-z][a-z0-9]{2,19}$/.test(name))
    return `"${name}" must be one word of 3 to 20 lower-case letters and digits, a letter first: it stands in SQL, YAML, DNS and code as it is; the title may have blanks`;
  if (name.startsWith('pg') || taken.has(name)) return `"${name}" means something to PostgreSQL, JavaScript or npm`;
  const other = words.find((word) => word.includes(name));
  return other === undefined ? undefined : `"${name}" is part of the name of ${other}`;
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

export const titleOf = (name: string): string => capitalised(name);

/**
 * Puts the new names in place of the old ones: `name`, `NAME`, and `Name` inside of identifiers and headers, as in
 * `Name-Dlq-Subject`; the title everywhere else.
 */
export function renameText(text: string, from: RepositoryNames, to: RepositoryNames): string {
  const inIdentifier = new RegExp(
    `(?<=[A-Za-z0-9_])${capitalised(from.name)}|${capitalised(from.name)}(?=[A-Za-z0-9_]|-[A-Z])`,
    'g',
  );
  return text
    .replaceAll(from.name.toUpperCase(), to.name.toUpperCase())
    .replace(inIdentifier, capitalised(to.name))
    .replaceAll(from.title, to.title)
    .replaceAll(from.name, to.name);
}
