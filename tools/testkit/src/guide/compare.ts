/** Ids of the guide, and those that this run has had in their place. */
export type KnownIds = Map<string, string>;

/** What differs from run to run, by kind; the first that matches counts. Ids have to be the same ones everywhere. */
const variables = [
  { kind: 'id', is: /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, same: true },
  { kind: 'trace', is: /\b[0-9a-f]{32}\b/, same: true },
  { kind: 'time', is: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/, same: false },
  { kind: 'clock', is: /\b\d\d:\d\d:\d\d(?:\.\d+)?\b/, same: false },
  { kind: 'stamp', is: /\b20\d{12}(?=_)/, same: true },
  { kind: 'bar', is: /█+/, same: false },
  { kind: 'duration', is: /\b\d+(?:\.\d+)? (?:ms|s|min)\b/, same: false },
] as const;
const any = new RegExp(variables.map(({ is }) => `(${is.source})`).join('|'), 'g');

interface Token {
  /** Undefined for text that is the same in every run. */
  readonly variable?: (typeof variables)[number];
  readonly text: string;
}

function tokens(line: string): Token[] {
  const found: Token[] = [];
  let end = 0;
  for (const match of line.matchAll(any)) {
    found.push({ text: line.slice(end, match.index) });
    found.push({ text: match[0], variable: variables[match.slice(1).findIndex((group) => group !== undefined)]! });
    end = match.index + match[0].length;
  }
  return [...found, { text: line.slice(end) }];
}

/**
 * Compares what a command has said with what a guide shows. Columns may have other widths.
 *
 * Durations, times and bars may be others. Ids, trace ids and the stamps of migrations may be others, too, but have to be the
 * same wherever the guide has the same, and others wherever it has others. `…` in a line stands for any text, and
 * alone on a line for any number of lines.
 * @param ids Filled by each comparison that succeeds, and read by the next.
 * @returns what is wrong; undefined when it is the same
 */
export function difference(shown: string, said: string, ids: KnownIds): string | undefined {
  const actual = lines(said);
  const known = new Map(ids);
  let [at, skipping] = [0, false];
  for (const line of lines(shown)) {
    if (line.trim() === '…') {
      skipping = true;
      continue;
    }
    const from = at;
    while (skipping && at < actual.length && !same(line, actual[at]!, new Map(known))) at++;
    if (at >= actual.length)
      return `there is no line like this one any more:\n  ${line}\nfrom:\n${excerpt(actual, from)}`;
    if (!same(line, actual[at]!, known)) return `expected:\n  ${line}\nsaid:\n${excerpt(actual, at)}`;
    [at, skipping] = [at + 1, false];
  }
  if (at < actual.length && !skipping) return `said more:\n${excerpt(actual, at)}`;
  for (const [shownId, actualId] of known) ids.set(shownId, actualId);
  return undefined;
}

const lines = (text: string): string[] => {
  const all = text.split('\n').map((line) => line.trimEnd().replaceAll(/(?<=\S) +/g, ' '));
  while (all.at(-1) === '') all.pop();
  while (all[0] === '') all.shift();
  return all;
};
const excerpt = (all: readonly string[], from: number): string =>
  all
    .slice(from, from + 15)
    .map((line) => `  ${line}`)
    .join('\n') || '  (nothing)';

/** @param known Gets the ids of the lines when they are the same. */
function same(shown: string, said: string, known: KnownIds): boolean {
  const pieces = shown.split('…');
  if (pieces.length === 1) return matches(tokens(shown), tokens(said), known);
  const pattern = pieces.map((piece) => tokens(piece).map(patternOf).join('')).join('.*?');
  return new RegExp(`^${pattern}$`).test(said);
}

const patternOf = ({ text, variable }: Token): string =>
  variable ? `(?:${variable.is.source})` : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function matches(shown: readonly Token[], said: readonly Token[], known: KnownIds): boolean {
  return (
    shown.length === said.length &&
    shown.every(({ text, variable }, index) => {
      const other = said[index]!;
      if (variable?.kind !== other.variable?.kind) return false;
      if (!variable) return text === other.text;
      if (!variable.same) return true;
      if (known.has(text)) return known.get(text) === other.text;
      if ([...known.values()].includes(other.text)) return false;
      known.set(text, other.text);
      return true;
    })
  );
}
