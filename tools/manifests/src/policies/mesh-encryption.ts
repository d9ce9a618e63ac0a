import { meshOf } from '../mesh/index.js';
import { isOpen, wantedCallers } from '../mesh/wanted.js';
import { podsOf } from '../objects.js';
import { broken, type ManifestPolicy } from './policy.js';

/** Where there is a mesh, it takes no connection without mutual TLS, but for what everyone may call. */
export const meshIsStrict: ManifestPolicy = {
  name: 'a mesh has mutual TLS for everything',
  check(rendered) {
    const mesh = meshOf(rendered);
    if (!mesh) return [];
    return [
      ...podsOf(rendered).flatMap((pods) =>
        broken(pods.manifest, [
          [
            mesh.meshed(rendered, pods),
            'its pods are not in the mesh, so nothing encrypts their connections',
            `let the component ${mesh.component} take them in`,
          ],
        ]),
      ),
      ...mesh.cleartext(rendered, isOpen(wantedCallers(rendered))),
    ];
  },
};
