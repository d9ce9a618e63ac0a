import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { Body, Manifest, Rendered } from './objects.js';

export const root = join(import.meta.dirname, '../../..');
export const overlays = ['kind', 'staging', 'production'] as const;

const originAnnotation = 'config.kubernetes.io/origin';

/** Whether this machine can render. */
export const kubectlAvailable = (): boolean =>
  spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;

/**
 * Renders an overlay with `kubectl kustomize` (no cluster is asked), and notes which file each object began in.
 * @param overlay A folder of `k8s/overlays`.
 * @throws Error with Kustomize's own message when it can't be rendered.
 */
export function render(overlay: string): Rendered {
  // Kustomize records origins only if the outermost kustomization asks for it, and they do not belong in the cluster.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-manifests-')));
  try {
    const target = relative(folder, join(root, 'k8s/overlays', overlay));
    const wrapper = { resources: [target], buildMetadata: ['originAnnotations'] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(wrapper));
    const text = execFileSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { overlay, manifests: parseManifests(text, folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads rendered documents. YAML 1.1, as kubectl does: there `yes` is a boolean and `0440` an octal number. */
export function parseManifests(text: string, folder = root): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as Body | null)
    .filter((body) => body !== null)
    .map((body) => {
      const { [originAnnotation]: origin, ...annotations } = body.metadata.annotations ?? {};
      const { annotations: _, ...metadata } = body.metadata;
      const named = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
      return { file: fileOf(origin, folder), body: { ...body, metadata: named } };
    });
}

interface Origin {
  readonly path?: string;
  /** Of generated objects: the kustomization with the generator. */
  readonly configuredIn?: string;
}

function fileOf(origin: string | undefined, folder: string): string {
  const { path, configuredIn } = origin === undefined ? ({} as Origin) : (parse(origin) as Origin);
  const file = path ?? configuredIn;
  return file === undefined ? 'k8s' : relative(root, resolve(folder, file));
}
