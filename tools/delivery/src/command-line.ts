import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { trustOf } from './attestation.js';
import { root } from './places.js';
import { DeliveryRefused } from './refused.js';
import { verifyImage } from './registry.js';
import { referenceOf, type BuiltRelease } from './release.js';

/** @throws DeliveryRefused when there are not as many names of overlays as wanted */
export function environmentsIn(args: readonly string[], wanted: readonly string[]): readonly string[] {
  const known = readdirSync(join(root, 'k8s/overlays')).filter((name) => name !== 'kind');
  const unknown = args.filter((name) => !known.includes(name));
  if (args.length !== wanted.length || unknown.length > 0)
    throw new DeliveryRefused(
      `Wanted: ${wanted.map((name) => `<${name}>`).join(' ')}, of the environments ${known.join(', ')}; got ${args.join(' ') || 'nothing'}.`,
    );
  return args;
}

/** Checks every image of a release, and that it was built from its commit, by the trust that the environment variables name. */
export async function verifyRelease(
  { images, revision }: Pick<BuiltRelease, 'images' | 'revision'>,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const trust = trustOf(env);
  for (const [app, image] of Object.entries(images)) {
    await verifyImage(image, { app, revision }, trust);
    console.log(
      `✓ signature, provenance (commit ${revision.slice(0, 12)}) and bill of materials of ${referenceOf(image)}`,
    );
  }
}
