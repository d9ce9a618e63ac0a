import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { SettingsShape } from '@causeway/config';
import { z } from 'zod';
import { judge } from './exceptions.js';
import type { Rendered } from './objects.js';
import { policies } from './policies/index.js';
import { parseManifests, root } from './render.js';
import { shapes } from './testing/shapes.js';
import { withKubectl } from './testing/with-kubectl.js';
import { typeProblems } from './typed.js';

const example = join(root, 'examples/blog-python');

/** What a team says of it, in a component of its own: generators run before components, so an overlay itself cannot. */
const settings = {
  apiVersion: 'kustomize.config.k8s.io/v1alpha1',
  kind: 'Component',
  configMapGenerator: [
    {
      name: 'blog',
      behavior: 'merge',
      literals: [
        'AUTH_ISSUER=https://shop.staging.example.org/oidc',
        'DATABASE_POOL_MAX=4',
        'OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector.observability:4318',
      ],
    },
  ],
};
const quota = { pods: '100', 'requests.cpu': '22', 'requests.memory': '22Gi', 'limits.memory': '22Gi' };
const additions = {
  namespace: 'causeway-staging',
  images: [{ name: 'causeway/blog', newName: 'registry.example.org/causeway/blog', newTag: 'v0-1-0' }],
  patches: [
    { target: { kind: 'Job', name: 'blog-migrate' }, path: 'job.yaml' },
    { target: { kind: 'ResourceQuota', name: 'services' }, path: 'quota.yaml' },
  ],
};

function renderOnStaging(): Rendered {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-example-')));
  const write = (file: string, content: unknown): void => writeFileSync(join(folder, file), JSON.stringify(content));
  try {
    mkdirSync(join(folder, 'settings'));
    write('settings/kustomization.yaml', settings);
    write('job.yaml', [{ op: 'replace', path: '/metadata/name', value: 'blog-migrate-v0-1-0' }]);
    write(
      'quota.yaml',
      Object.entries(quota).map(([name, value]) => ({ op: 'replace', path: `/spec/hard/${name}`, value })),
    );
    write('kustomization.yaml', {
      resources: [relative(folder, join(root, 'k8s/overlays/staging'))],
      components: [relative(folder, example), 'settings'],
      buildMetadata: ['originAnnotations'],
      ...additions,
    });
    const text = execFileSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { overlay: 'staging', components: ['blog-python'], manifests: parseManifests(text, folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The settings of the program, read from its own table: name, and whether it is required. */
function settingsOfBlog(): SettingsShape {
  const source = readFileSync(join(example, 'blog/settings.py'), 'utf8');
  const table = source.slice(source.indexOf('_shape:'), source.indexOf('DATABASE_SETTINGS'));
  const entries = [...table.matchAll(/^ {4}"(\w+)": \(.+, (.+)\),$/gm)];
  expect(entries.length).toBeGreaterThan(30);
  const known = entries.map(([, name, standard]) => [
    name!,
    standard === '_REQUIRED' ? z.string() : z.any().optional(),
  ]);
  // What the platform gives to every service, and this one does not read.
  return { ...Object.fromEntries(known), OTEL_RESOURCE_ATTRIBUTES: z.any().optional() } as SettingsShape;
}

withKubectl('the blog in Python on staging', () => {
  test('keeps to every policy, and every field is known to Kubernetes', () => {
    const rendered = renderOnStaging();
    // The gateway itself reads the file, which is there in the pod only.
    const gateway = {
      ...shapes['gateway'],
      CONTRACT_FILES: z
        .string()
        .regex(/^\/etc\//)
        .optional(),
    };
    expect(judge(rendered, policies({ ...shapes, gateway, blog: settingsOfBlog() })).findings).toEqual([]);
    expect(typeProblems(rendered)).toEqual([]);
  }, 300_000);
});
