import { createPrivateKey, createPublicKey, createHash, sign as signWith, type KeyObject } from 'node:crypto';
import { bundleFromJSON, bundleToJSON, type SerializedBundle } from '@sigstore/bundle';
import { DSSEBundleBuilder } from '@sigstore/sign';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { attest, verify } from 'sigstore';
import { DeliveryRefused } from './refused.js';

/** What is said about an image: an in-toto statement, signed as a Sigstore bundle. */
export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

export const predicateTypes = {
  /** Cosign's own type of a plain signature, since its version 3. */
  signature: 'https://sigstore.dev/cosign/sign/v1',
  provenance: 'https://slsa.dev/provenance/v1',
  billOfMaterials: 'https://cyclonedx.org/bom',
} as const;

const payloadType = 'application/vnd.in-toto+json';

/** @param digest `sha256:…` */
export const statementOf = (name: string, digest: string, predicateType: string, predicate: unknown): Statement => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name, digest: { sha256: digest.replace(/^sha256:/, '') } }],
  predicateType,
  predicate,
});

/** Who signs: a key of one's own, or the identity that the pipeline has with its OpenID Connect provider. */
export type SigningIdentity = { readonly key: KeyObject } | 'pipeline';

/** Whom to believe. */
export type Trust =
  | { readonly key: KeyObject }
  /** Identity and issuer of a pipeline's certificate, both exact. */
  | { readonly identity: string; readonly issuer: string };

/**
 * Takes SIGNING_KEY (PEM of a private key, PKCS #8), else the identity of the pipeline: GitHub's with `id-token: write`,
 * GitLab's as SIGSTORE_ID_TOKEN.
 * @throws DeliveryRefused where there is neither
 */
export function signingIdentity(env: NodeJS.ProcessEnv): SigningIdentity {
  if (env['SIGNING_KEY']) return { key: keyOf(createPrivateKey, env['SIGNING_KEY'], 'SIGNING_KEY') };
  if (env['ACTIONS_ID_TOKEN_REQUEST_URL'] || env['SIGSTORE_ID_TOKEN']) return 'pipeline';
  throw new DeliveryRefused(
    'Nothing to sign with: set SIGNING_KEY to a private key in PEM, or let the pipeline issue an identity token ' +
      '(docs/guides/deliver.md, "Signing").',
  );
}

/**
 * Takes TRUSTED_KEY (PEM of a public key), else TRUSTED_IDENTITY and TRUSTED_ISSUER.
 * @throws DeliveryRefused where there is neither: nothing is believed by default
 */
export function trustOf(env: NodeJS.ProcessEnv): Trust {
  if (env['TRUSTED_KEY']) return { key: keyOf(createPublicKey, env['TRUSTED_KEY'], 'TRUSTED_KEY') };
  const { TRUSTED_IDENTITY: identity, TRUSTED_ISSUER: issuer } = env;
  if (identity && issuer) return { identity, issuer };
  throw new DeliveryRefused(
    'Whose signatures count? Set TRUSTED_KEY to a public key in PEM, or TRUSTED_IDENTITY and TRUSTED_ISSUER to those of ' +
      'the pipeline that signs (docs/guides/deliver.md, "Signing").',
  );
}

/** How to get each key (docs/guides/deliver.md, "Signing"). */
const keyRemedies = {
  SIGNING_KEY:
    'no private key in PEM: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.pem makes one',
  TRUSTED_KEY:
    'no public key in PEM: openssl pkey -in signing.pem -pubout prints the one that belongs to your private key',
} as const;

function keyOf(parse: (pem: string) => KeyObject, pem: string, setting: keyof typeof keyRemedies): KeyObject {
  try {
    return parse(pem);
  } catch {
    throw new DeliveryRefused(`${setting} holds ${keyRemedies[setting]}.`);
  }
}

/** Signs a statement. With the pipeline's identity it is also recorded in Sigstore's public log. */
export async function signStatement(statement: Statement, identity: SigningIdentity): Promise<SerializedBundle> {
  const payload = Buffer.from(JSON.stringify(statement));
  if (identity === 'pipeline')
    return attest(payload, payloadType).catch((error: unknown) => {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `${message} (${cause.message})` : message;
      throw new DeliveryRefused(
        `Sigstore gave no certificate, or did not record the signature: ${why}. Nothing was attached; run the stage again.`,
      );
    });
  const { key } = identity;
  const signer = {
    sign: (data: Buffer) => {
      const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
      const signature = signWith('sha256', data, key);
      return Promise.resolve({ signature, key: { $case: 'publicKey' as const, publicKey, hint: hintOf(publicKey) } });
    },
  };
  const bundle = await new DSSEBundleBuilder({ signer, witnesses: [] }).create({ data: payload, type: payloadType });
  return bundleToJSON(bundle);
}

/**
 * Checks who signed, and that the statement is about this image.
 * @param digest `sha256:…`
 * @returns the statement. @throws when the signature, the signer or the image is another
 */
export async function verifyStatement(bundle: SerializedBundle, digest: string, trust: Trust): Promise<Statement> {
  const checked = bundleFromJSON(bundle);
  if ('key' in trust) verifyByKey(checked, trust.key);
  else if (checked.verificationMaterial.content.$case === 'publicKey')
    throw new Error('a key signed it, and the identity of a pipeline is wanted');
  else await verify(bundle, policyOf(trust));
  if (checked.content.$case !== 'dsseEnvelope') throw new Error('the bundle holds no statement');
  const { payload, payloadType: type } = checked.content.dsseEnvelope;
  if (type !== payloadType) throw new Error(`the bundle holds ${type}, not a statement`);
  const statement = JSON.parse(payload.toString('utf8')) as Statement;
  if (!statement.subject.some((subject) => `sha256:${subject.digest.sha256}` === digest))
    throw new Error(`the statement is about another image than ${digest}`);
  return statement;
}

/** The library searches with the identity as an expression: `…@refs/heads/main` would believe the branch `main-2`, too. */
export const policyOf = ({ identity, issuer }: Exclude<Trust, { readonly key: KeyObject }>) => ({
  certificateIssuer: issuer,
  certificateIdentityURI: `^${identity.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`,
});

/** A key of one's own has no certificate, and is in no log: both are left out. */
function verifyByKey(bundle: ReturnType<typeof bundleFromJSON>, key: KeyObject): void {
  const material = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey: key, validFor: () => true }),
  };
  new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
}

/** Says which key to try; believed by nobody. */
const hintOf = (publicKey: string): string => createHash('sha256').update(publicKey).digest('base64');
