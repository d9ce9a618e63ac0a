import { generateKeyPairSync } from 'node:crypto';

/** The two settings of a new key pair, version `v1`: of the service that seals, and of the one that opens. */
export function sealedKeyPair(): { sealingKeys: string; openingKeys: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = (der: Buffer) => `v1:${der.toString('base64')}`;
  return {
    sealingKeys: text(publicKey.export({ format: 'der', type: 'spki' })),
    openingKeys: text(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}
