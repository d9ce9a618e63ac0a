import type { Command } from '@causeway/launcher/run';

/** Grype 0.118.0, by digest: a scanner sees everything that is built, so its tag is not trusted either. */
export const scanner =
  'docker.io/anchore/grype:v0.118.0@sha256:8a93fc48da96bd6ec5981279d099b69de11541dc68fdf222fb9161f8ff284af7';

/**
 * The scanner sees the document and the list of accepted findings, both read-only, and no socket of the engine. It
 * keeps its database in a volume between runs.
 */
export const scanCommand = (
  docker: string,
  app: string,
  { root, reports }: { readonly root: string; readonly reports: string },
): Command => [
  docker,
  'run',
  '--rm',
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--tmpfs=/tmp',
  '--volume=causeway-grype:/.cache/grype',
  '--env=GRYPE_DB_CACHE_DIR=/.cache/grype',
  `--volume=${reports}:/reports:ro`,
  `--volume=${root}/.grype.yaml:/.grype.yaml:ro`,
  scanner,
  `sbom:/reports/${app}.cdx.json`,
  '--config=/.grype.yaml',
  '--only-fixed',
  '--fail-on=high',
];
