import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { serviceNames, services } from '@causeway/system';
import { parseManifests, secretsOf, type Body, type Rendered } from '@causeway/manifests';
import { fieldManager, type Kubectl, namespace } from './kubectl.js';
import type { Options } from './options.js';
import { folderOf, root, tagsOf } from './places.js';
import { must } from './run.js';
import { developmentSecrets, secretObjects, secretsIn } from './secrets.js';

const local = 'http://127.0.0.1:30080';

/** The overlay as it goes to this cluster: image tags, the address of the gateway, and Jobs named by what they run. */
export async function renderFor({ context, url }: Options): Promise<{ text: string; rendered: Rendered }> {
  const folder = folderOf(context);
  const tags = tagsOf(context);
  const base = {
    resources: [relative(folder, join(root, 'k8s/overlays/kind'))],
    images: serviceNames.map((app) => ({ name: `causeway/${app}`, newTag: tags[app] ?? 'dev' })),
    ...(url === local ? {} : { configMapGenerator: addresses(url) }),
  };
  const kustomize = async (kustomization: object): Promise<string> => {
    writeFileSync(join(folder, 'kustomization.yaml'), `${JSON.stringify(kustomization, null, 2)}\n`);
    return must(['kubectl', 'kustomize', folder]);
  };
  const version = versionOf(parseManifests(await kustomize(base)).map(({ body }) => body));
  const text = await kustomize({ ...base, ...namedBy(version) });
  return { text, rendered: { overlay: 'kind', manifests: parseManifests(text) } };
}

/** A gateway elsewhere: the issuer of tokens is its public address. */
const addresses = (url: string) =>
  services
    .filter(({ tokens }) => tokens)
    .map(({ name, edge }) => ({
      name,
      behavior: 'merge',
      literals: [`AUTH_ISSUER=${url}/oidc`, ...(edge ? [`PUBLIC_URL=${url}`] : [])],
    }));

/** Over everything that Jobs run with: the same content makes the same Jobs, which then have nothing to do. */
function versionOf(objects: readonly Body[]): string {
  const jobs = objects.filter(({ kind }) => kind === 'Job' || kind === 'ConfigMap');
  return `r${createHash('sha256').update(JSON.stringify(jobs)).digest('hex').slice(0, 8)}`;
}

const namedBy = (version: string) => ({
  labels: [{ pairs: { 'app.kubernetes.io/version': version } }],
  replacements: [
    {
      source: { kind: 'Namespace', fieldPath: 'metadata.labels.[app.kubernetes.io/version]' },
      // Behind `dev`, which the overlay has appended.
      targets: [{ select: { kind: 'Job' }, fieldPaths: ['metadata.name'], options: { delimiter: '-', index: 99 } }],
    },
  ],
});

/** The namespace, and the Secrets that are missing. Those that are there are kept: data is encrypted with them. */
export async function applySecrets(kubectl: Kubectl, rendered: Rendered): Promise<string[]> {
  const ground = rendered.manifests.find(({ body }) => body.kind === 'Namespace');
  await kubectl.must(['apply', '--server-side', fieldManager, '--force-conflicts', '--filename=-'], {
    input: JSON.stringify(ground?.body),
  });
  const existing = secretsIn(await kubectl.list('secrets'));
  const needed = secretsOf(rendered);
  const made = Object.entries(needed).flatMap(([name, keys]) =>
    keys.filter((key) => existing[name]?.[key] === undefined).map((key) => `${name}/${key}`),
  );
  if (made.length > 0) {
    // Server-side: the client's own way would keep a copy of every value in an annotation.
    await kubectl.must(['apply', '--server-side', fieldManager, '--force-conflicts', '--filename=-'], {
      input: JSON.stringify(secretObjects(developmentSecrets(needed, existing), namespace)),
    });
  }
  return made;
}

/** @returns what kubectl says of each object that it changed. */
export async function applyManifests(kubectl: Kubectl, text: string): Promise<string[]> {
  const said = await kubectl.must(['apply', '--server-side', fieldManager, '--force-conflicts', '--filename=-'], {
    input: text,
    timeoutMs: 180_000,
  });
  return said.trim().split('\n');
}

/** Images that are not built here. */
export function foreignImages({ manifests }: Rendered): string[] {
  const found = JSON.stringify(manifests).matchAll(/"image":"([^"]+)"/g);
  return [...new Set([...found].map(([, image]) => image!))].filter((image) => !image.startsWith('causeway/'));
}
