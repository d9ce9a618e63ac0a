import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { Body, Manifest, Rendered } from './objects.js';
import { componentOf, folderOf, optionalComponents } from './optional-components.js';

export const root = join(import.meta.dirname, '../../..');
export const overlays = ['kind', 'staging', 'production'] as const;

const originAnnotation = 'config.kubernetes.io/origin';

/**
 * Renders an overlay with `kubectl kustomize` (no cluster is asked), and notes which file each object began in.
 * @param overlay    A folder of `k8s/overlays`.
 * @param components Optional components that are taken along, as if they were the last lines of `components` in the
 *   overlay's kustomization. Default: none.
 * @throws Error with Kustomize's own message when it can't be rendered.
 */
export function render(overlay: string, components: readonly string[] = []): Rendered {
  // Kustomize records origins only if the outermost kustomization asks for it, and they do not belong in the cluster.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-manifests-')));
  try {
    const base = components.length === 0 ? root : copyWith(folder, overlay, components);
    const target = relative(folder, join(base, 'k8s/overlays', overlay));
    const wrapper = { resources: [target], buildMetadata: ['originAnnotations'] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(wrapper));
    const text = execFileSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
      env: process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { overlay, components: [...takenBy(overlay), ...components], manifests: parseManifests(text, folder, base) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Kustomization {
  readonly components?: readonly string[];
}

const fileIn = (base: string, overlay: string): string => join(base, 'k8s/overlays', overlay, 'kustomization.yaml');
const read = (file: string): Kustomization =>
  existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Kustomization) : {};

/** The optional components that an overlay's own kustomization names. */
export function takenBy(overlay: string): string[] {
  const paths = (read(fileIn(root, overlay)).components ?? []).map((path) =>
    relative(root, join(root, 'k8s/overlays', overlay, path)),
  );
  return optionalComponents.filter((each) => paths.includes(folderOf(each))).map(({ name }) => name);
}

/** Kustomize reads nothing outside of a kustomization's folder, so what changes is a copy of them all. */
function copyWith(folder: string, overlay: string, components: readonly string[]): string {
  cpSync(join(root, 'k8s'), join(folder, 'k8s'), { recursive: true });
  const file = fileIn(folder, overlay);
  const kustomization = read(file);
  const paths = components.map((name) => join('../../..', folderOf(componentOf(name))));
  writeFileSync(file, stringify({ ...kustomization, components: [...(kustomization.components ?? []), ...paths] }));
  return folder;
}

/** Reads rendered documents. YAML 1.1, as kubectl does: there `yes` is a boolean and `0440` an octal number. */
export function parseManifests(text: string, folder = root, base = root): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as Body | null)
    .filter((body) => body !== null)
    .map((body) => {
      const { [originAnnotation]: origin, ...annotations } = body.metadata.annotations ?? {};
      const { annotations: _, ...metadata } = body.metadata;
      const named = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
      return { file: fileOf(origin, folder, base), body: { ...body, metadata: named } };
    });
}

interface Origin {
  readonly path?: string;
  /** Of generated objects: the kustomization with the generator. */
  readonly configuredIn?: string;
}

function fileOf(origin: string | undefined, folder: string, base: string): string {
  const { path, configuredIn } = origin === undefined ? ({} as Origin) : (parse(origin) as Origin);
  const file = path ?? configuredIn;
  return file === undefined ? 'k8s' : relative(base, resolve(folder, file));
}
