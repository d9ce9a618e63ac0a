const hidden = '[redacted]';
const maxDepth = 6;
const maxRemembered = 2_000;

/** Endings of names whose values never reach a log, compared in lower case without `-` and `_`: `X-Access-Token` is `xaccesstoken`. */
const secretEndings = [
  'authorization',
  'cookie',
  'password',
  'passwd',
  'token',
  'secret',
  'secrets',
  'apikey',
  'privatekey',
  'codeverifier',
  'databaseurl',
  'fieldkeys',
  'indexkey',
  'cookiekeys',
];
const remembered = new Map<string, boolean>();

function isSecret(name: string): boolean {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const plain = name.toLowerCase().replaceAll(/[-_]/g, '');
  const answer = secretEndings.some((ending) => plain.endsWith(ending));
  if (remembered.size < maxRemembered) remembered.set(name, answer);
  return answer;
}

/**
 * Returns a copy of `value` in which the value of every secret-looking name is replaced, at any depth up to six, or
 * `value` itself if there is none. It matches by key name, not by path like pino's own `redact`, because a path protects only
 * the places that its author thought of.
 */
export function redact<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => redact(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? (items as T) : value;
  }
  if (!isPlain(value)) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const [name, item] of Object.entries(fields)) {
    const shown = item !== undefined && item !== null && isSecret(name) ? hidden : redact(item, depth + 1);
    if (shown !== item) (copy ??= { ...fields })[name] = shown;
  }
  return (copy as T | undefined) ?? value;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
