import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** Keys of one direction by their version. Logs and JSON show nothing of them. */
export class SealedKeys {
  // Private at run time too: a `private` field would show in a log or in JSON.
  // eslint-disable-next-line no-restricted-syntax
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @param current The version that was named last. */
  constructor(
    keys: ReadonlyMap<string, KeyObject>,
    readonly current: string,
  ) {
    this.#keys = new Map(keys);
  }

  key(version: string): KeyObject | undefined {
    return this.#keys.get(version);
  }
}

const readers = {
  public: (bytes: Buffer) => createPublicKey({ key: bytes, format: 'der', type: 'spki' }),
  private: (bytes: Buffer) => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }),
} as const;

/**
 * Parses `v1:<base64>,v2:…`, where each key is on the curve P-256, in DER: SPKI if public, PKCS #8 if private.
 * @returns The keys, or what is wrong with the text, which quotes no part of a key.
 */
export function parseSealedKeys(value: string, side: keyof typeof readers): SealedKeys | string {
  const keys = new Map<string, KeyObject>();
  let current = '';
  for (const item of value.split(',').map((part) => part.trim())) {
    const [, version, base64] = /^(v\d{1,6}):([A-Za-z0-9+/_-]+={0,2})$/.exec(item) ?? [];
    if (!version || !base64) return 'expected v1:<base64>,v2:<base64>, each version once';
    if (keys.has(version)) return `expected each version once, ${version} appears twice`;
    const key = keyIn(base64, side);
    if (!key) return `expected ${side} keys on the curve P-256 (DER in base64), ${version} is none`;
    keys.set(version, key);
    current = version;
  }
  return new SealedKeys(keys, current);
}

function keyIn(base64: string, side: keyof typeof readers): KeyObject | undefined {
  try {
    const key = readers[side](Buffer.from(base64, 'base64'));
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
