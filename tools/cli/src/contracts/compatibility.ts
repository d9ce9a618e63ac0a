import type { ContractSchema } from '@causeway/contracts/published';

/**
 * Who holds the old schema: of a request the sender, of a response the reader. Of a message both: consumers built on the
 * old schema read what the new producer sends, and the new consumer reads what the old one left in the stream.
 */
export type ContractUse = 'request' | 'response' | 'message';

const sameEverywhere = ['type', 'format', 'pattern', 'const'] as const;
const lowerBounds = ['minimum', 'minLength', 'minItems'] as const;
const upperBounds = ['maximum', 'maxLength', 'maxItems'] as const;

/**
 * What makes `next` incompatible with the published `before`.
 * @returns One sentence for each break; empty when compatible.
 */
export function breaks(before: ContractSchema, next: ContractSchema, use: ContractUse, path = ''): string[] {
  const here = path || '(all of it)';
  return [
    ...sameEverywhere
      .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(next[key]))
      .map((key) => `${here}: ${key} was ${JSON.stringify(before[key])} and is ${JSON.stringify(next[key])}`),
    ...boundBreaks(before, next, use).map((sentence) => `${here}: ${sentence}`),
    ...valueBreaks(before.enum, next.enum, use).map((sentence) => `${here}: ${sentence}`),
    ...fieldBreaks(before, next, use, path),
    ...(before.items && next.items ? breaks(before.items, next.items, use, `${path}/*`) : []),
    ...alternativeBreaks(before.anyOf, next.anyOf, use, path),
  ];
}

const sends = (use: ContractUse): boolean => use !== 'response';
const reads = (use: ContractUse): boolean => use !== 'request';

function boundBreaks(before: ContractSchema, next: ContractSchema, use: ContractUse): string[] {
  const lower = lowerBounds.map((key) => ({ key, was: before[key] ?? -Infinity, is: next[key] ?? -Infinity }));
  const upper = upperBounds.map((key) => ({ key, was: -(before[key] ?? Infinity), is: -(next[key] ?? Infinity) }));
  return [...lower, ...upper].flatMap(({ key, was, is }) => {
    const change = `${key} was ${before[key] ?? 'not set'} and is ${next[key] ?? 'not set'}`;
    if (is > was && sends(use)) return [`${change}; what was valid is refused now`];
    if (is < was && reads(use)) return [`${change}; old readers refuse what is valid now`];
    return [];
  });
}

function valueBreaks(before: ContractSchema['enum'], next: ContractSchema['enum'], use: ContractUse): string[] {
  if (!before || !next) return before === next ? [] : ['the list of values came or went'];
  const gone = before.filter((value) => !next.includes(value));
  const added = next.filter((value) => !before.includes(value));
  return [
    ...(sends(use) ? gone.map((value) => `${JSON.stringify(value)} is no value any more; old senders use it`) : []),
    ...(reads(use) ? added.map((value) => `${JSON.stringify(value)} is a new value; old readers do not know it`) : []),
  ];
}

function fieldBreaks(before: ContractSchema, next: ContractSchema, use: ContractUse, path: string): string[] {
  const [required, requiredNow] = [before.required ?? [], next.required ?? []];
  return [
    ...requiredNow
      .filter((name) => sends(use) && !required.includes(name))
      .map((name) => `${path}/${name}: is required now; what was sent before lacks it`),
    ...required
      .filter((name) => reads(use) && !requiredNow.includes(name))
      .map((name) => `${path}/${name}: is not required any more; old readers need it`),
    ...Object.entries(before.properties ?? {}).flatMap(([name, old]) => {
      const current = next.properties?.[name];
      return current ? breaks(old, current, use, `${path}/${name}`) : [`${path}/${name}: was removed`];
    }),
  ];
}

/** Alternatives are compared in their order: a contract that reorders them is rare, and worth a look. */
function alternativeBreaks(
  before: ContractSchema['anyOf'] = [],
  next: ContractSchema['anyOf'] = [],
  use: ContractUse,
  path: string,
): string[] {
  if (before.length !== next.length) {
    const breaking = before.length > next.length ? sends(use) : reads(use);
    return breaking ? [`${path || '(all of it)'}: had ${before.length} alternatives and has ${next.length}`] : [];
  }
  return before.flatMap((old, index) => breaks(old, next[index]!, use, path));
}
