/** Spellings of a name in words: `capture-failed` is `captureFailed`, `CaptureFailed`, `capture_failed`, `Capture failed`. */
export interface Spellings {
  readonly kebab: string;
  readonly camel: string;
  readonly pascal: string;
  readonly snake: string;
  /** For people. */
  readonly title: string;
}

/** @param name words in `kebab-case`, `camelCase` or `snake_case` */
export function spell(name: string): Spellings {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_ ]+/)
    .filter(Boolean);
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  const pascal = words.map(capital).join('');
  return {
    kebab: words.join('-'),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    snake: words.join('_'),
    title: capital(words.join(' ')),
  };
}

/** `post` to `posts`, `category` to `categories`, `address` to `addresses`. */
export const plural = (word: string): string =>
  /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : /(s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;

/** `posts` to `post`: what `plural` does, taken back. */
export function singular(word: string): string {
  if (/ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

/** Where one import finds a file: `../application/x.js` from `apps/a/src/adapters/y.ts`. */
export function importPath(from: string, to: string): string {
  const [a, b] = [from.split('/').slice(0, -1), to.split('/')];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const up = a.slice(same).map(() => '..');
  return [...(up.length > 0 ? up : ['.']), ...b.slice(same)].join('/').replace(/\.ts$/, '.js');
}
