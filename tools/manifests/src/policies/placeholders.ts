import type { Rendered } from '../objects.js';
import { broken, type ManifestPolicy } from './policy.js';

/** What people write for now and mean to replace; nothing in a cluster has such a name. */
const whole = /^(example|placeholder|dummy|x{3,}|your[-_ ].+|my[-_ ](company|domain|registry|host).*|<.+>|\$\{.+\})$/i;
const within = /\b(change[-_ ]?me|replace[-_ ]?me|to ?do|fix ?me|tbd)\b/i;

/**
 * Every value works somewhere. Names that are reserved for documentation (`example.org`) and digests of zeros are
 * allowed: they lead nowhere on purpose, and `npm run k8s:to-set` lists them.
 */
export const nothingIsAPlaceholder: ManifestPolicy = {
  name: 'no value is a placeholder',
  check: ({ manifests }: Rendered) =>
    manifests.flatMap((manifest) =>
      broken(
        manifest,
        valuesOf(manifest.body).map(([path, value]) => [
          !whole.test(value) && !within.test(value),
          `${path} is ${value.slice(0, 60)}, which is a placeholder`,
          'write a value that is real somewhere, and say above it with `# set:` what others have to put there',
        ]),
      ),
    ),
};

/** Every string in an object, with its path; of settings, names are never looked at. */
function valuesOf(node: unknown, path = ''): [path: string, value: string][] {
  if (typeof node === 'string') return [[path, node]];
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    valuesOf(value, Array.isArray(node) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
  );
}
