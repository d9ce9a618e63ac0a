import { z } from 'zod';
import { parseSealedKeys } from './sealed-keys.js';

const keysOf = (side: 'public' | 'private') => () =>
  z.string().transform((value, context) => {
    const keys = parseSealedKeys(value, side);
    if (typeof keys !== 'string') return keys;
    context.addIssue({ code: 'custom', message: keys });
    return z.NEVER;
  });

/** Public keys of the service that a `FieldSealer` seals for: `v1:<SPKI in base64>`; of several, the last one seals. */
export const sealingKeys = keysOf('public');

/** Private keys of a `FieldOpener`: `v1:<PKCS #8 in base64>,v2:…`; all of them open. A secret. */
export const openingKeys = keysOf('private');
