import type { IConfigMap } from 'kubernetes-models/v1';
import { containersOf, environmentOf, ofKind, podsOf } from '../objects.js';
import type { Finding, ManifestPolicy } from './policy.js';

const secretName = /(PASSWORD|SECRETS?|TOKEN|_KEYS?|DATABASE_URL|CREDENTIALS?)$/;
/** `postgres://user:password@host`, a private key, an API key of the usual forms. `$NAME` is a reference. */
const secretValue =
  /:\/\/[^/\s:@]*:(?!\$)[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY|\b(sk|whsec|ghp|xox[bp])_[A-Za-z0-9_]{8,}/;

/** Secret values are in Secrets, and Secrets are not in the repository. */
export const nothingSecretIsWritten: ManifestPolicy = {
  name: 'no manifest holds a secret',
  check: (rendered) => [
    ...ofKind(rendered, 'Secret').map((manifest) => ({
      manifest,
      problem: 'a Secret is part of the manifests',
      remedy:
        'remove it; kind:up generates the Secrets of a laptop, the platform those of other clusters (docs/guides/own-cluster.md lists them)',
    })),
    ...ofKind<IConfigMap>(rendered, 'ConfigMap').flatMap((manifest) =>
      Object.entries(manifest.body.data ?? {})
        .filter(([name, value]) => secretName.test(name) || secretValue.test(value))
        .map(([name]) => plain(manifest, `${name} is in a ConfigMap`, name)),
    ),
    ...podsOf(rendered).flatMap(({ manifest, spec }) =>
      containersOf(spec).flatMap((container) =>
        environmentOf(rendered, container)
          .filter(
            ({ origin, name, value = '' }) =>
              origin === 'literal' && value && (secretName.test(name) || secretValue.test(value)),
          )
          .map(({ name }) => plain(manifest, `container ${container.name} has ${name} in the clear`, name)),
      ),
    ),
  ],
};

const plain = (manifest: Finding['manifest'], problem: string, name: string): Finding => ({
  manifest,
  problem,
  remedy: `put the value into a Secret, and let ${name}_FILE name the file it is mounted as`,
});
