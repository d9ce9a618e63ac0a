import type { Body, Manifest, Rendered } from '../objects.js';

/** A problem and its remedy. */
export interface Finding {
  readonly manifest: Manifest;
  readonly problem: string;
  readonly remedy: string;
}

/** A rule over everything that an overlay renders. */
export interface ManifestPolicy {
  /** Says what holds when nothing is found: `containers are restricted`. */
  readonly name: string;
  check(rendered: Rendered): readonly Finding[];
}

export const nameOf = ({ kind, metadata }: Body): string => `${kind} ${metadata.name}`;

/** `k8s/base/service/deployment.yaml (overlay kind): Deployment order: container service … Remedy: …` */
export const describeFinding = (
  { overlay, components = [] }: Rendered,
  { manifest, problem, remedy }: Finding,
): string =>
  `${manifest.file} (overlay ${[overlay, ...components].join(' + ')}): ${nameOf(manifest.body)}: ${problem}. Remedy: ${remedy}.`;

/** A rule within a policy: what must hold, and what to say when it does not. */
export type Rule = readonly [holds: boolean, problem: string, remedy: string];

export const broken = (manifest: Manifest, rules: readonly Rule[]): Finding[] =>
  rules.filter(([holds]) => !holds).map(([, problem, remedy]) => ({ manifest, problem, remedy }));
