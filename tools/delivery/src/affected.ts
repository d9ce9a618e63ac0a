/** What a pipeline checks of a change. */
export type Plan = { readonly everything: string } | { readonly projects: readonly string[] };

/** Projects whose tests read the whole tree: they run whatever changed. */
export const gates = ['checks', 'delivery', 'generate', 'manifests', 'observe'].map((name) => `@causeway/${name}`);

/** Where a change touches only the project around it, the gates, or nothing that is tested. */
const local =
  /^((apps|examples|libs|tools)\/[^/]+\/|docs\/|k8s\/|docker\/|\.github\/|\.gitlab-ci\.yml$|Jenkinsfile$|README\.md$|LICENSE$)/;

/**
 * @param changed Paths that differ from the base.
 * @param dependents The projects that these paths are in, and those that depend on them: what Nx calls affected.
 * @param systemTests Projects with tests of the whole system.
 */
export function planFor(
  changed: readonly string[],
  dependents: readonly string[],
  systemTests: readonly string[],
): Plan {
  const root = changed.find((path) => !local.test(path));
  if (root !== undefined) return { everything: `${root} concerns every project` };
  const inSystem = changed.some((path) => /^(apps|examples|libs)\//.test(path));
  const projects = new Set([
    ...dependents.filter((project) => project !== 'causeway'),
    ...gates,
    ...(inSystem ? systemTests : []),
  ]);
  return { projects: [...projects].sort() };
}
