import { join } from 'node:path';
import ts from 'typescript';
import type { Manifest, Rendered } from './objects.js';
import { root } from './render.js';

/** Something that Kubernetes would not know, or not understand. */
export interface TypeProblem {
  readonly file: string;
  readonly overlay: string;
  /** `Deployment order` */
  readonly object: string;
  /** `spec.template.spec.containers[0].imagePullPolice` */
  readonly path: string;
  readonly message: string;
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  lib: ['lib.es2023.d.ts'],
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
};

/** What Kubernetes 1.31 serves and we use. The types also hold what was removed long ago. */
const kubernetes = [
  'v1',
  'apiregistration.k8s.io/v1',
  'apps/v1',
  'autoscaling/v2',
  'batch/v1',
  'networking.k8s.io/v1',
  'policy/v1',
  'rbac.authorization.k8s.io/v1',
];

/**
 * Where the types of each API version are: a package, or a file of `schemas` where there is no package. Each exports
 * `I<Kind>`.
 */
const modules: Readonly<Record<string, string>> = {
  ...Object.fromEntries(kubernetes.map((version) => [version, `kubernetes-models/${version}`])),
  'gateway.networking.k8s.io/v1': '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1',
  'security.istio.io/v1': '@kubernetes-models/istio/security.istio.io/v1',
  'policy.linkerd.io/v1alpha1': './schemas/linkerd.js',
  'policy.linkerd.io/v1beta3': './schemas/linkerd.js',
  'consul.hashicorp.com/v1alpha1': './schemas/consul.js',
  'http.keda.sh/v1beta1': './schemas/keda-http.js',
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};

/**
 * Compiles each object as a literal of its type, so that TypeScript refuses an unknown field, a wrong type and a
 * missing field. Nothing is written: the modules with the literals exist in memory only.
 * @param all Several together take hardly longer than one: what is equal in them is compiled once.
 */
export function typeProblems(...all: readonly Rendered[]): TypeProblem[] {
  const seen = new Set<string>();
  const isNew = ({ body }: Manifest): boolean => {
    const text = JSON.stringify(body);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  };
  const distinct = all.map((rendered) => ({ ...rendered, manifests: rendered.manifests.filter(isNew) }));
  const sources = new Map(
    distinct.map((rendered, index) => {
      const file = join(root, 'tools/manifests/src', `rendered-${rendered.overlay.replace(/.*\//, '')}-${index}.mts`);
      const text = rendered.manifests.map(literal).join('\n');
      return [file, { rendered, source: ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true) }];
    }),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) => sources.get(name)?.source ?? getSourceFile(name, ...rest);
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.values()].flatMap(({ rendered: { overlay, components = [], manifests }, source }) => {
    const where = [overlay, ...components].join(' + ');
    return [
      ...manifests.filter(({ body }) => !(body.apiVersion in modules)).map((manifest) => notServed(where, manifest)),
      ...program.getSemanticDiagnostics(source).map((diagnostic) => problemOf(diagnostic, source, where, manifests)),
    ];
  });
}

const notServed = (overlay: string, { file, body }: Manifest): TypeProblem => ({
  file,
  overlay,
  object: `${body.kind} ${body.metadata.name}`,
  path: 'apiVersion',
  message: `${body.apiVersion} is not among the API versions that we use: ${Object.keys(modules).join(', ')}.`,
});

/** All on one line each, so that the line of a problem is the number of its object. */
const literal = ({ body }: Manifest, index: number): string =>
  `export const o${index}: ${typeOf(body)} = ${JSON.stringify(body)};`;

const typeOf = ({ apiVersion, kind }: Manifest['body']): string =>
  apiVersion in modules ? `import('${modules[apiVersion]}').I${kind}` : 'unknown';

function problemOf(
  { start = 0, messageText }: ts.Diagnostic,
  source: ts.SourceFile,
  overlay: string,
  manifests: readonly Manifest[],
): TypeProblem {
  const { file, body } = manifests[source.getLineAndCharacterOfPosition(start).line]!;
  const lines = ts.flattenDiagnosticMessageText(messageText, '\n').split('\n');
  const unknown = lines.find((line) => line.includes('known properties'));
  return {
    file,
    overlay,
    object: `${body.kind} ${body.metadata.name}`,
    path: pathTo(nodeAt(source, start)),
    message: (unknown ?? lines.at(-1)!).trim().replaceAll(/'"([^"]*)"'/g, "'$1'"),
  };
}

function nodeAt(source: ts.SourceFile, position: number): ts.Node {
  let found: ts.Node = source;
  const visit = (node: ts.Node): void => {
    if (node.getStart(source) > position || node.getEnd() <= position) return;
    found = node;
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return found;
}

/** The way from the object to a node of its literal. */
function pathTo(node: ts.Node): string {
  const steps: string[] = [];
  for (let at = node; at.parent; at = at.parent) {
    if (ts.isPropertyAssignment(at)) steps.unshift(`.${(at.name as ts.StringLiteral).text}`);
    else if (ts.isArrayLiteralExpression(at.parent)) {
      steps.unshift(`[${at.parent.elements.indexOf(at as ts.Expression)}]`);
    }
  }
  return steps.join('').replace(/^\./, '');
}
