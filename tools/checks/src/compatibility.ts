/** The part of JSON Schema that our message schemas use. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/**
 * What makes `next` incompatible with the published `before`: consumers built on the old schema must understand what the new
 * producer sends, and the new consumer must understand messages that the old producer left in the stream.
 * @returns One sentence for each break; empty when compatible.
 */
export function breaks(before: Schema, next: Schema, path = ''): string[] {
  const here = path || '(whole message)';
  const changed = (['type', 'format', 'pattern', 'const', 'minimum', 'maximum'] as const)
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(next[key]))
    .map((key) => `${here}: ${key} was ${JSON.stringify(before[key])} and is ${JSON.stringify(next[key])}`);
  const required = {
    before: new Set(before.required ?? []),
    next: new Set(next.required ?? []),
  };
  const found = [...changed];
  if (JSON.stringify(before.enum) !== JSON.stringify(next.enum)) found.push(`${here}: the list of values changed`);
  for (const name of required.next)
    if (!required.before.has(name)) found.push(`${path}/${name}: is required now; messages in the stream lack it`);
  for (const name of required.before)
    if (!required.next.has(name)) found.push(`${path}/${name}: is not required any more; old consumers need it`);
  for (const [name, old] of Object.entries(before.properties ?? {})) {
    const current = next.properties?.[name];
    if (current) found.push(...breaks(old, current, `${path}/${name}`));
    else found.push(`${path}/${name}: was removed`);
  }
  if (before.items && next.items) found.push(...breaks(before.items, next.items, `${path}/*`));
  return found;
}
