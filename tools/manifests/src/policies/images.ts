import { appOf, containersOf, podsOf } from '../objects.js';
import { broken, type ManifestPolicy } from './policy.js';

/** Every pod runs the same bytes: a tag that does not move, in production a digest. */
export const imagesArePinned: ManifestPolicy = {
  name: 'images are pinned',
  check: (rendered) =>
    podsOf(rendered).flatMap(({ manifest, spec }) =>
      containersOf(spec).flatMap(({ name, image = '', imagePullPolicy }) => {
        const [, tag, digest] = /^[^@]*?(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image) ?? [];
        // On a laptop images come from the local engine, under the tags that docker compose uses.
        const local = rendered.overlay === 'kind';
        const exact = local || appOf(image) !== undefined || /^v?\d+\.\d+/.test(tag ?? '');
        return broken(manifest, [
          [
            digest !== undefined || (tag !== undefined && tag !== 'latest' && exact),
            `container ${name} runs ${image}, which may be something else tomorrow`,
            'name a version with its minor number, or a digest, in images of the overlay',
          ],
          [
            digest !== undefined || rendered.overlay !== 'production',
            `container ${name} runs ${image} without a digest`,
            'set the digest that was tested: kustomize edit set image <name>=<registry>@sha256:…',
          ],
          [
            imagePullPolicy === 'IfNotPresent',
            `container ${name} needs the registry at every start`,
            'set imagePullPolicy: IfNotPresent; a pinned image does not change',
          ],
        ]);
      }),
    ),
};
