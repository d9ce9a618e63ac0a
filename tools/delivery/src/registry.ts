import type { SerializedBundle } from '@sigstore/bundle';
import { attachArtifactToImage, getRegistryCredentials, type Credentials } from '@sigstore/oci';
import {
  predicateTypes,
  signStatement,
  statementOf,
  verifyStatement,
  type SigningIdentity,
  type Trust,
} from './attestation.js';
import { misfit, type Origin } from './provenance.js';
import { DeliveryRefused } from './refused.js';
import { referenceOf, type ReleasedImage } from './release.js';

/** A bundle as the registry keeps it: the type that Cosign 3, Kyverno and policy-controller look for. */
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

interface Descriptor {
  readonly digest: string;
  readonly artifactType?: string;
}

/** Signs a statement about an image and attaches it to the image in its registry. */
export async function attestImage(
  image: ReleasedImage,
  { predicateType, predicate }: { readonly predicateType: string; readonly predicate: unknown },
  identity: SigningIdentity,
): Promise<void> {
  const bundle = await signStatement(statementOf(image.name, image.digest, predicateType, predicate), identity);
  const attached = attachArtifactToImage({
    imageName: image.name,
    imageDigest: image.digest,
    artifact: Buffer.from(JSON.stringify(bundle)),
    mediaType: bundleType,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
    },
    // The library signs in only where there are credentials; its type does not say so.
    credentials: credentialsFor(image.name) as Credentials,
  });
  await attached.catch((error: unknown) => {
    throw unreachable(image.name, error);
  });
}

/**
 * Checks that an image has a trusted statement of each type, and that its provenance names the commit and the app.
 * Statements by others do not count, and do no harm; nor do those of an earlier build that led to the same image.
 * @throws DeliveryRefused with the types that are missing, and why others did not count
 */
export async function verifyImage(image: ReleasedImage, origin: Origin, trust: Trust): Promise<void> {
  const found = new Set<string>();
  const refused = new Set<string>();
  for (const bundle of await bundlesOf(image)) {
    try {
      const { predicateType, predicate } = await verifyStatement(bundle, image.digest, trust);
      const wrong = predicateType === predicateTypes.provenance ? misfit(predicate, origin) : undefined;
      if (wrong) refused.add(wrong);
      else found.add(predicateType);
    } catch (error) {
      refused.add((error as Error).message);
    }
  }
  const missing = Object.values(predicateTypes).filter((type) => !found.has(type));
  if (missing.length > 0)
    throw new DeliveryRefused(
      `${referenceOf(image)} has no trusted ${missing.join(', ')}` +
        `${refused.size > 0 ? `; what it has does not count: ${[...refused].join('; ')}` : ''}. ` +
        'Do not deploy it: let the pipeline build and sign the commit again.',
    );
}

/** All bundles that are attached to an image, by whomever. */
export async function bundlesOf(image: ReleasedImage): Promise<SerializedBundle[]> {
  const registry = connect(image.name);
  const read = async <T>(path: string): Promise<T | undefined> => {
    const response = await registry(path);
    if (response.status === 404) return undefined;
    if (!response.ok)
      throw new DeliveryRefused(`${path} of the registry answered ${response.status}: ${await response.text()}`);
    return (await response.json().catch((error: unknown) => {
      throw unreachable(image.name, error);
    })) as T;
  };
  // Registries before version 1.1 of the specification keep the list under a tag.
  const list =
    (await read<{ manifests: Descriptor[] }>(`referrers/${image.digest}`)) ??
    (await read<{ manifests: Descriptor[] }>(`manifests/${image.digest.replace(':', '-')}`));
  const bundles: SerializedBundle[] = [];
  for (const { digest, artifactType } of list?.manifests ?? []) {
    if (artifactType !== bundleType) continue;
    const manifest = await read<{ layers: Descriptor[] }>(`manifests/${digest}`);
    const bundle = manifest?.layers[0] && (await read<SerializedBundle>(`blobs/${manifest.layers[0].digest}`));
    if (bundle) bundles.push(bundle);
  }
  return bundles;
}

function credentialsFor(name: string): Credentials | undefined {
  try {
    return getRegistryCredentials(name);
  } catch {
    return undefined;
  }
}

/** How long a registry may take for one answer, milliseconds. */
const answerMs = 60_000;

/** Says which registry did not do what it was asked, why, and what to do about it. */
function unreachable(name: string, error: unknown): DeliveryRefused {
  const host = name.split('/')[0];
  const { statusCode } = causeOf(error) as { statusCode?: number };
  const remedies: Record<number, string> = {
    401: 'run docker login with an account that may push there',
    403: 'let the account of docker login push there',
    404: 'the image is not there: push it first, npm run images:release',
  };
  const why = statusCode === undefined ? `could not be reached (${causeOf(error).message})` : `answered ${statusCode}`;
  const remedy =
    remedies[statusCode ?? 0] ?? 'look whether the address is right and the registry up, then run this again';
  return new DeliveryRefused(`The registry ${host} ${why} for ${name}: ${remedy}.`);
}

/** `fetch failed` and the like say nothing; the last cause does: ECONNREFUSED, ENOTFOUND, an expired certificate. */
function causeOf(error: unknown): { readonly message: string } {
  const { cause, errors } = error as { cause?: unknown; errors?: readonly unknown[] };
  const deeper = (cause ?? errors?.[0]) as { message?: unknown } | undefined;
  return typeof deeper?.message === 'string' ? causeOf(deeper) : (error as Error);
}

/** A reader of one repository, signed in as `docker login` left it. */
function connect(name: string): (path: string) => Promise<Response> {
  const [host = '', ...path] = name.split('/');
  const local = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
  const base = `${local ? 'http' : 'https'}://${host}/v2/${path.join('/')}/`;
  const accept = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json', '*/*'];
  let authorization: string | undefined;
  const get = (url: string): Promise<Response> =>
    fetch(url, {
      headers: { accept: accept.join(', '), ...(authorization && { authorization }) },
      signal: AbortSignal.timeout(answerMs),
    }).catch((error: unknown) => {
      throw unreachable(name, error);
    });
  return async (relative) => {
    const response = await get(base + relative);
    if (response.status !== 401 || authorization) return response;
    authorization = await signIn(name, response.headers.get('www-authenticate') ?? '');
    return get(base + relative);
  };
}

/** Answers a registry's challenge: `Basic`, or `Bearer` with a token to fetch (distribution specification). */
async function signIn(name: string, challenge: string): Promise<string | undefined> {
  const credentials = credentialsFor(name);
  const basic =
    credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  if (!/^bearer /i.test(challenge)) return basic;
  const values = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value!]));
  const url = new URL(values.get('realm') ?? '');
  for (const key of ['service', 'scope']) if (values.has(key)) url.searchParams.set(key, values.get(key)!);
  const headers = basic ? { authorization: basic } : {};
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(answerMs) }).catch((error: unknown) => {
    throw unreachable(name, error);
  });
  if (!response.ok)
    throw new DeliveryRefused(`The registry lets nobody in (${response.status}): run docker login first.`);
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token}`;
}
