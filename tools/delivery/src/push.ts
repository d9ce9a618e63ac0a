import { imageName } from '@causeway/images';
import { output } from '@causeway/launcher/run';
import { DeliveryRefused } from './refused.js';
import type { ReleasedImage } from './release.js';

/** Pushes images that are built. @returns their digests, as the registry answered */
export async function pushImages(
  docker: string,
  apps: readonly string[],
  options: { readonly repository: string; readonly tag: string },
): Promise<Record<string, ReleasedImage>> {
  const images: Record<string, ReleasedImage> = {};
  for (const app of apps) {
    const reference = imageName(app, options);
    const name = `${options.repository}/${app}`;
    await output([docker, 'push', '--quiet', reference], { timeoutMs: 1_800_000 });
    const known = await output([docker, 'image', 'inspect', '--format', '{{json .RepoDigests}}', reference]);
    const digest = (JSON.parse(known) as string[]).find((one) => one.startsWith(`${name}@`))?.slice(name.length + 1);
    if (!digest) throw new DeliveryRefused(`${reference} was pushed, but the engine does not know under which digest.`);
    images[app] = { name, digest };
    console.log(`✓ pushed ${reference}`);
  }
  return images;
}
