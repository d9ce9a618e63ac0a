import { createHash, createHmac } from 'node:crypto';

/**
 * Returns the fingerprint of a request body: equal for equal JSON, whatever the order of its keys.
 * @param hmacKey Needed where the body holds something that could be guessed from its hash (a password, a card token).
 * @returns SHA-256 or HMAC-SHA-256 of the canonical JSON, 64 hex digits.
 * @throws TypeError for functions, symbols and cycles, which JSON cannot hold. A bigint counts as its digits.
 */
export function fingerprint(value: unknown, hmacKey?: string): string {
  const hash = hmacKey === undefined ? createHash('sha256') : createHmac('sha256', hmacKey);
  return hash.update(canonicalJson(value)).digest('hex');
}

/**
 * Returns JSON with sorted keys and without undefined members. It differs from RFC 8785 in keys that are integers:
 * JavaScript objects keep those first, by value. Compare it only with its own output.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return member.toString();
    if (typeof member === 'function' || typeof member === 'symbol')
      throw new TypeError(`a ${typeof member} has no JSON`);
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return text ?? 'null';
}
