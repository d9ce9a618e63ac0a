import { callGraph } from '@causeway/system/topology';
import { workloadName } from '../network.js';
import { podsOf, type Rendered } from '../objects.js';
import { componentOf } from '../optional-components.js';
import type { Authorized } from './mesh.js';

/** A caller that has to be let in, and why. */
export interface WantedCaller extends Authorized {
  readonly why: string;
}

/**
 * The call graph as a mesh sees it: who calls is known by the ServiceAccount of the pods, so a service and its Jobs are
 * one. `anyone` where clients come from outside, and where the component says so.
 */
export function wantedCallers(rendered: Rendered): WantedCaller[] {
  const pods = podsOf(rendered);
  const accounts = new Map(pods.map((each) => [workloadName(each), each.spec.serviceAccountName ?? 'default']));
  const graph = callGraph
    .filter(({ from, to }) => (from === 'outside' || accounts.has(from)) && accounts.has(to))
    .map(({ from, to, port, why }) => ({ account: accounts.get(from) ?? 'anyone', to, port, why }));
  const unmeshed = (rendered.components ?? []).flatMap((component) =>
    (componentOf(component).unauthenticated ?? []).flatMap(({ workload, port, why }) =>
      pods
        .filter(
          ({ labels }) =>
            labels['app.kubernetes.io/component'] === workload || labels['app.kubernetes.io/name'] === workload,
        )
        .map((each) => ({ account: 'anyone', to: workloadName(each), port, why })),
    ),
  );
  return [...graph, ...unmeshed];
}

/** Whether everyone may call this port of a workload, from outside of the mesh, too. */
export const isOpen =
  (wanted: readonly WantedCaller[]) =>
  (workload: string, port: number): boolean =>
    wanted.some((each) => each.account === 'anyone' && each.to === workload && each.port === port);
