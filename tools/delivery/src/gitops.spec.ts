import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import { root } from './places.js';

// k8s/gitops: what a controller is told once, so that it applies the branches that `npm run deploy` writes.

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown>;
}

const read = (name: string): string => readFileSync(join(root, 'k8s/gitops', name), 'utf8');
const resourcesOf = (text: string): Resource[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Resource);

/** Compiles each object as a literal of its type, as tools/manifests does: its schema has no unknown fields. */
function typeProblems(resources: readonly Resource[]): string[] {
  const file = join(root, 'tools/delivery/src/gitops-rendered.mts');
  const models = (version: string) => (version.startsWith('argoproj.io') ? 'argo-cd' : 'flux-cd');
  const text = resources
    .map(
      ({ apiVersion, kind, ...rest }, index) =>
        `export const o${index}: import('@kubernetes-models/${models(apiVersion)}/${apiVersion}').I${kind} = ${JSON.stringify({ apiVersion, kind, ...rest })};`,
    )
    .join('\n');
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
  };
  const host = ts.createCompilerHost(options);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...more) => (name === file ? source : getSourceFile(name, ...more));
  host.fileExists = (name) => name === file || fileExists(name);
  return ts
    .createProgram([file], options, host)
    .getSemanticDiagnostics(source)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** Branch and path that each environment is applied from, and whether what is gone from Git goes from the cluster. */
function placesOf(resources: readonly Resource[]): Record<string, unknown>[] {
  const flux = resources.filter(({ kind }) => kind === 'Kustomization');
  const argo = resources.filter(({ kind }) => kind === 'Application');
  return [
    ...argo.map(({ spec }) => {
      const { source, destination, syncPolicy } = spec as {
        source: { targetRevision: string; path: string };
        destination: { namespace: string };
        syncPolicy: { automated: { prune: boolean } };
      };
      return {
        branch: source.targetRevision,
        path: source.path,
        prune: syncPolicy.automated.prune,
        namespace: destination.namespace,
      };
    }),
    ...flux.map(({ spec }) => {
      const from = resources.find(
        ({ kind, metadata }) =>
          kind === 'GitRepository' && metadata.name === (spec['sourceRef'] as { name: string }).name,
      );
      const { branch } = from!.spec['ref'] as { branch: string };
      return { branch, path: String(spec['path']).replace(/^\.\//, ''), prune: spec['prune'] };
    }),
  ];
}

const namespaceOf = (environment: string): string =>
  (parse(readFileSync(join(root, `k8s/overlays/${environment}/kustomization.yaml`), 'utf8')) as { namespace: string })
    .namespace;

test.each(['argo-cd.yaml', 'flux.yaml'])(
  '%s keeps to its types, and applies each environment from its branch',
  (name) => {
    const resources = resourcesOf(read(name));
    expect(typeProblems(resources)).toEqual([]);
    expect(placesOf(resources)).toEqual(
      ['staging', 'production'].map((environment) => ({
        branch: `environments/${environment}`,
        path: `k8s/overlays/${environment}`,
        prune: true,
        ...(name === 'argo-cd.yaml' ? { namespace: namespaceOf(environment) } : {}),
      })),
    );
  },
);

test.each([
  ['argo-cd.yaml', 'targetRevision:', 'targetRevison:', 'targetRevison'],
  ['argo-cd.yaml', 'prune: true', 'prune: "yes"', 'boolean'],
  ['flux.yaml', 'wait: true', 'waits: true', 'waits'],
  ['flux.yaml', 'source.toolkit.fluxcd.io/v1\n', 'source.toolkit.fluxcd.io/v9\n', 'fluxcd.io/v9'],
])('in %s a mistake is seen: %j for %j', (name, from, to, named) => {
  const text = read(name);
  expect(text).toContain(from);
  expect(typeProblems(resourcesOf(text.replace(from, to))).join('\n')).toContain(named);
});
