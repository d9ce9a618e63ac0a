import { services } from '@causeway/system';
import { callGraph } from '@causeway/system/topology';
import type { ComponentFlow } from './optional-components.js';

const edge = services.find((each) => each.edge)!.name;

/**
 * The flows of the pods that a component `canary-<service>` adds: those that the call graph gives the service, and to the
 * edge in front of it.
 */
export function canaryFlows(service: string): ComponentFlow[] {
  const lane = new Set<string>([edge, service]);
  /** `order-canary`, and `order-canary/migration` for its Job. */
  const canaryOf = (name: string): string =>
    name.replace(/^[^/]+/, (each) => (lane.has(each) ? `${each}-canary` : each));
  const intoTheLane = callGraph.filter(
    ({ from, to }) => (from === 'outside' && to === edge) || (from === edge && lane.has(to)),
  );
  const outOfIt = callGraph.filter((flow) => lane.has(flow.from.split('/')[0]!) && !intoTheLane.includes(flow));
  return [
    ...intoTheLane.map((flow) => ({ ...flow, from: canaryOf(flow.from), to: canaryOf(flow.to) })),
    ...outOfIt.map((flow) => ({ ...flow, from: canaryOf(flow.from) })),
  ].map((flow) => ({ ...flow, why: `${flow.why}, of the canary` }));
}
