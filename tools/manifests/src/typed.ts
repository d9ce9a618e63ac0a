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
const served = new Set([
  'v1',
  'apiregistration.k8s.io/v1',
  'apps/v1',
  'autoscaling/v2',
  'batch/v1',
  'gateway.networking.k8s.io/v1',
  'networking.k8s.io/v1',
  'policy/v1',
  'rbac.authorization.k8s.io/v1',
]);

/**
 * Compiles each object as a literal of its type, so that TypeScript refuses an unknown field, a wrong type and a
 * missing field. Nothing is written: the module with the literals exists in memory only.
 */
export function typeProblems({ overlay, manifests }: Rendered): TypeProblem[] {
  const file = join(root, 'tools/manifests/src', `rendered-${overlay}.mts`);
  const text = manifests.map(literal).join('\n');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) => (name === file ? source : getSourceFile(name, ...rest));
  host.fileExists = (name) => name === file || fileExists(name);
  const program = ts.createProgram([file], options, host);
  return [
    ...manifests.filter(({ body }) => !served.has(body.apiVersion)).map((manifest) => notServed(overlay, manifest)),
    ...program.getSemanticDiagnostics(source).map((diagnostic) => problemOf(diagnostic, source, overlay, manifests)),
  ];
}

const notServed = (overlay: string, { file, body }: Manifest): TypeProblem => ({
  file,
  overlay,
  object: `${body.kind} ${body.metadata.name}`,
  path: 'apiVersion',
  message: `${body.apiVersion} is not among the API versions that we use: ${[...served].join(', ')}.`,
});

/** All on one line each, so that the line of a problem is the number of its object. */
const literal = ({ body }: Manifest, index: number): string =>
  `export const o${index}: import('${moduleOf(body.apiVersion)}').I${body.kind} = ${JSON.stringify(body)};`;

function moduleOf(apiVersion: string): string {
  const models = apiVersion.startsWith('gateway.networking.k8s.io/')
    ? '@kubernetes-models/gateway-api'
    : 'kubernetes-models';
  return `${models}/${apiVersion}`;
}

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
