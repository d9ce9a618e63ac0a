import { loadSettings } from '@causeway/config';
import { FieldOpener, FieldSealer } from '@causeway/messaging';
import { openingKeys, sealingKeys } from '@causeway/messaging/settings';
import { sealedKeyPair } from '@causeway/messaging/testing';
import type { OpenCardToken } from '../application/ports.js';

const pair = sealedKeyPair();
const keys = loadSettings(
  { sealing: sealingKeys(), opening: openingKeys() },
  {
    sealing: pair.sealingKeys,
    opening: pair.openingKeys,
  },
);
const sealer = new FieldSealer(keys.sealing);
const opener = new FieldOpener(keys.opening);

/** The setting of a payment service that opens what {@link sealCardToken} seals. */
export const cardSettings = { CARD_OPENING_KEYS: pair.openingKeys };
/** Seals as the order service does. */
export const sealCardToken = (token: string, paymentId: string): Promise<string> => sealer.seal(token, paymentId);
export const openCardToken: OpenCardToken = (sealed, paymentId) => opener.open(sealed, paymentId);
