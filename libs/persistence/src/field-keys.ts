import { createSecretKey, type KeyObject } from 'node:crypto';

/** The keys of `FIELD_KEYS`. Logs and JSON show nothing of them. */
export class FieldKeys {
  // Private at run time too: a `private` field would show in a log or in JSON.
  // eslint-disable-next-line no-restricted-syntax
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /**
   * @param keys    Version to a key of 32 bytes.
   * @param current The version that encrypts.
   */
  constructor(
    keys: ReadonlyMap<string, Buffer>,
    readonly current: string,
  ) {
    // Node takes 12 µs for a value with the bytes of a key, and 2 µs with the key as an object.
    this.#keys = new Map(Array.from(keys, ([version, key]) => [version, createSecretKey(key)]));
  }

  key(version: string): KeyObject | undefined {
    return this.#keys.get(version);
  }
}

/** Parses `FIELD_KEYS`. @returns The keys, or what is wrong with the text, which quotes no part of a key. */
export function parseFieldKeys(value: string): FieldKeys | string {
  const keys = new Map<string, Buffer>();
  let current = '';
  for (const item of value.split(',').map((part) => part.trim())) {
    const [, version, base64] = /^(v\d{1,6}):([A-Za-z0-9+/_-]+={0,2})$/.exec(item) ?? [];
    if (!version || !base64) return 'expected v1:<base64>,v2:<base64>, each version once';
    if (keys.has(version)) return `expected each version once, ${version} appears twice`;
    const key = Buffer.from(base64, 'base64');
    if (key.length !== 32) return `expected keys of 32 bytes, ${version} has ${key.length}`;
    keys.set(version, key);
    current = version;
  }
  return new FieldKeys(keys, current);
}
