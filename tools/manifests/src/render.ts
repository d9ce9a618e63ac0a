import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { Body, Manifest, Rendered } from './objects.js';
import { componentOf, folderOf, optionalComponents, type OptionalComponent } from './optional-components.js';

export const root = join(import.meta.dirname, '../../..');
export const overlays = ['kind', 'staging', 'production'] as const;

const originAnnotation = 'config.kubernetes.io/origin';

/**
 * Renders an overlay with `kubectl kustomize` (no cluster is asked), and notes which file each object began in.
 * @param overlay    A folder of `k8s/overlays`.
 * @param components Optional components that are taken along, as if they were the last lines of `components` in the
 *   overlay's kustomization. Default: none.
 * @param exactly Leave out the optional components that the overlay's own kustomization names. For tests that plant
 *   violations, and must not depend on what a team has added. Default false.
 * @throws Error with Kustomize's own message when it can't be rendered.
 */
export function render(overlay: string, components: readonly string[] = [], { exactly = false } = {}): Rendered {
  // Kustomize records origins only if the outermost kustomization asks for it, and they do not belong in the cluster.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-manifests-')));
  try {
    const copied = components.length > 0 || (exactly && takenBy(overlay).length > 0);
    const base = copied ? copyWith(folder, overlay, components, exactly) : root;
    const target = relative(folder, join(base, 'k8s/overlays', overlay));
    const wrapper = { resources: [target], buildMetadata: ['originAnnotations'] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(wrapper));
    const text = execFileSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
      env: process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const taken = exactly ? [] : takenBy(overlay);
    return { overlay, components: [...taken, ...components], manifests: parseManifests(text, folder, base) };
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

/** The optional component that a line of an overlay's kustomization names, if it is one. */
const optionalAt = (overlay: string, path: string): OptionalComponent | undefined =>
  optionalComponents.find((each) => join(root, folderOf(each)) === join(root, 'k8s/overlays', overlay, path));

/** The optional components that an overlay's own kustomization names. */
export const takenBy = (overlay: string): string[] =>
  (read(fileIn(root, overlay)).components ?? []).flatMap((path) => optionalAt(overlay, path)?.name ?? []);

/** Kustomize reads nothing outside of a kustomization's folder, so what changes is a copy of them all. */
function copyWith(folder: string, overlay: string, components: readonly string[], exactly: boolean): string {
  cpSync(join(root, 'k8s'), join(folder, 'k8s'), { recursive: true });
  const file = fileIn(folder, overlay);
  const kustomization = read(file);
  const kept = (kustomization.components ?? []).filter((path) => !exactly || !optionalAt(overlay, path));
  const added = components.map((name) => join('../../..', folderOf(componentOf(name))));
  writeFileSync(file, stringify({ ...kustomization, components: [...kept, ...added] }));
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
