import { generateKeyPairSync } from 'node:crypto';
import type { SerializedBundle } from '@sigstore/bundle';
import { verifySubjectAlternativeName } from '@sigstore/verify/dist/policy.js';
import {
  policyOf,
  predicateTypes,
  signingIdentity,
  signStatement,
  statementOf,
  trustOf,
  verifyStatement,
  type Trust,
} from './attestation.js';

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = signingIdentity({ SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  const trust = trustOf({ TRUSTED_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
  return { identity, trust };
};
const digest = `sha256:${'a'.repeat(64)}`;
const statement = statementOf('registry.example.org/shop/order', digest, predicateTypes.provenance, {
  by: 'a pipeline',
});
const signed = (by = pair()) => signStatement(statement, by.identity);

test('what one key signs, its public key verifies', async () => {
  const keys = pair();
  await expect(verifyStatement(await signed(keys), digest, keys.trust)).resolves.toEqual(statement);
});

test('a signature by another key does not count', async () => {
  await expect(verifyStatement(await signed(), digest, pair().trust)).rejects.toThrow('signature verification failed');
});

test('a statement about another image does not count', async () => {
  const keys = pair();
  const other = `sha256:${'b'.repeat(64)}`;
  await expect(verifyStatement(await signed(keys), other, keys.trust)).rejects.toThrow('about another image');
});

test('a statement that was changed after signing does not count', async () => {
  const keys = pair();
  const bundle = await signed(keys);
  const forged = { ...statement, predicate: { by: 'somebody' } };
  const payload = Buffer.from(JSON.stringify(forged)).toString('base64');
  const changed = { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope!, payload } } as SerializedBundle;
  await expect(verifyStatement(changed, digest, keys.trust)).rejects.toThrow('signature verification failed');
});

test('something else that the key signed is no statement', async () => {
  const keys = pair();
  const bundle = await signed(keys);
  const changed = {
    ...bundle,
    dsseEnvelope: { ...bundle.dsseEnvelope!, payloadType: 'text/plain' },
  } as SerializedBundle;
  await expect(verifyStatement(changed, digest, keys.trust)).rejects.toThrow('signature verification failed');
});

test('a bundle signed with a key does not pass for one of a pipeline', async () => {
  const trust: Trust = { identity: 'https://github.com/shop/causeway/x@refs/heads/main', issuer: 'https://issuer' };
  await expect(verifyStatement(await signed(), digest, trust)).rejects.toThrow('the identity of a pipeline is wanted');
});

test('only the workflow of that very repository and branch is believed, as the library compares', () => {
  const identity = 'https://github.com/shop/causeway/.github/workflows/deliver.yml@refs/heads/main';
  const { certificateIdentityURI } = policyOf({ identity, issuer: 'https://issuer' });
  const compare = (signer: string) => () => verifySubjectAlternativeName(certificateIdentityURI, signer);
  expect(compare(identity)).not.toThrow();
  for (const other of [
    `${identity}-2`,
    `https://other.example/${identity}`,
    identity.replace('deliver.yml', 'deliver-yml'),
  ])
    expect(compare(other)).toThrow('certificate identity error');
});

test('nothing is signed and nobody is believed without a setting', () => {
  expect(() => signingIdentity({})).toThrow('Nothing to sign with: set SIGNING_KEY');
  expect(() => signingIdentity({ SIGNING_KEY: 'secret-value' })).toThrow(
    'SIGNING_KEY holds no private key in PEM: openssl genpkey',
  );
  expect(() => trustOf({ TRUSTED_KEY: 'x' })).toThrow('TRUSTED_KEY holds no public key in PEM: openssl pkey');
  expect(() => trustOf({})).toThrow('Whose signatures count?');
  expect(() => trustOf({ TRUSTED_IDENTITY: 'x' })).toThrow('Whose signatures count?');
  expect(signingIdentity({ SIGSTORE_ID_TOKEN: 'x' })).toBe('pipeline');
});
