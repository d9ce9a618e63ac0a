import { meshOf, type Authorized, type Mesh } from '../mesh/index.js';
import { wantedCallers } from '../mesh/wanted.js';
import { workloadName } from '../network.js';
import { ofKind, podsOf, type Manifest, type Rendered } from '../objects.js';
import type { ManifestPolicy } from './policy.js';

/** Where there is a mesh, it lets in exactly the callers of the call graph, by their identity. */
export const meshMatchesTheCallGraph: ManifestPolicy = {
  name: 'a mesh lets in the callers of the call graph and nobody else',
  check(rendered) {
    const mesh = meshOf(rendered);
    if (!mesh) return [];
    const inside = new Set(
      podsOf(rendered)
        .filter((pods) => mesh.meshed(rendered, pods))
        .map(workloadName),
    );
    const wanted = wantedCallers(rendered).filter(({ to }) => inside.has(to));
    const allowed = mesh.authorized(rendered).filter(({ to }) => inside.has(to));
    return [
      ...mesh.unknown(rendered),
      ...allowed
        .filter((flow) => !covers(wanted, flow))
        .map((flow) => ({
          manifest: objectOf(rendered, mesh, flow),
          problem: `${show(flow)} is let in by the mesh and not in the call graph`,
          remedy: 'run npm run generate, or declare the call in tools/system/src/services.ts',
        })),
      ...wanted
        .filter((flow) => !covers(allowed, flow))
        .map((flow) => ({
          manifest: objectOf(rendered, mesh, flow),
          problem: `${show(flow)} (${flow.why}) is refused by the mesh`,
          remedy: 'run npm run generate, or take the call out of tools/system/src/services.ts',
        })),
    ];
  },
};

/** Where everyone may call, an account may as well. */
const covers = (flows: readonly Authorized[], { account, to, port }: Authorized): boolean =>
  flows.some((each) => each.to === to && each.port === port && ['anyone', account].includes(each.account));

const show = ({ account, to, port }: Authorized): string => `${account} → ${to}:${port}`;

/** The object to look at: the one with the name of who is called. */
function objectOf(rendered: Rendered, { kinds }: Mesh, { to }: Authorized): Manifest {
  const objects = ofKind(rendered, ...kinds);
  return objects.find(({ body }) => body.metadata.name.startsWith(to)) ?? objects[0] ?? rendered.manifests[0]!;
}
