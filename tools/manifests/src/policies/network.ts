import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { callGraph, optionalFlows, outsideByPort, type Flow } from '@causeway/system/topology';
import { allowedFlows, workloadName, type Allowed } from '../network.js';
import { ofKind, podsOf, type Manifest, type Pods, type Rendered } from '../objects.js';
import { componentOf, type Tunnel } from '../optional-components.js';
import type { Finding, ManifestPolicy } from './policy.js';

const declaredIn = 'tools/system/src/services.ts';
const common = new Set(['dns', 'telemetry']);

/** The NetworkPolicies allow exactly the call graph, DNS and telemetry. */
export const networkMatchesTheCallGraph: ManifestPolicy = {
  name: 'NetworkPolicies allow the call graph and nothing else',
  check(rendered) {
    const components = componentFlows(rendered);
    const open = allowedFlows(rendered);
    const meant = (each: Flow, flow: Allowed): boolean => same(each, flow) || same(each, normalised(flow));
    const allowed = open.filter((flow) => !components.some((each) => meant(each, flow))).map(normalised);
    const wanted = flowsOf(rendered);
    return [
      ...defaultDeny(rendered),
      ...allowed
        .filter((flow) => !common.has(flow.to) && ![...wanted, ...optionalFlows].some((each) => same(each, flow)))
        .map((flow) => ({
          manifest: policyOf(rendered, flow),
          problem: `${show(flow)} is open and not in the call graph`,
          remedy: `close it in a NetworkPolicy, or declare the flow in ${declaredIn}`,
        })),
      ...wanted
        .filter((flow) => !allowed.some((each) => same(each, flow)))
        .map((flow) => ({
          manifest: policyOf(rendered, flow),
          problem: `${show(flow)} (${flow.why}) is closed`,
          remedy: `allow it on both sides, ingress of ${flow.to} and egress of ${flow.from}, or take it out of ${declaredIn}`,
        })),
      ...components
        .filter((flow) => !open.some((each) => meant(flow, each)))
        .map((flow) => ({
          manifest: policyOf(rendered, flow),
          problem: `${show(flow)} (${flow.why}) is closed`,
          remedy: `allow it in the component ${flow.component}, or take it out of tools/manifests/src/optional-components.ts`,
        })),
      ...missingCommon(rendered, allowed),
    ];
  },
};

/** An address that is none of our pods stands for the part that usually answers there. */
const normalised = ({ from, to, port }: Allowed): Allowed => {
  if (!to.startsWith('outside ')) return { from, to, port };
  const open = to === 'outside everything' || to === 'outside any namespace';
  return {
    from,
    to: open ? to : (outsideByPort[port] ?? to),
    port: outsideByPort[port] === 'psp-sandbox' ? 8080 : port,
  };
};

const same = (a: Allowed, b: Allowed): boolean => a.from === b.from && a.to === b.to && a.port === b.port;
const show = ({ from, to, port }: Allowed): string => `${from} → ${to}:${port}`;

/**
 * The flows that start in this overlay. A missing part (the sandbox and its Job in production) starts none; an external
 * one answers.
 */
function flowsOf(rendered: Rendered): Flow[] {
  const here = new Set(podsOf(rendered).map(workloadName));
  return callGraph.filter(({ from }) => from === 'outside' || here.has(from));
}

/** What the components of the overlay open, by the names of its pods. */
function componentFlows(rendered: Rendered): (Flow & { readonly component: string })[] {
  const pods = podsOf(rendered);
  const every: Readonly<Record<string, readonly Pods[]>> = {
    'every pod': pods,
    'every service': pods.filter(({ labels }) => labels['app.kubernetes.io/component'] === 'service'),
  };
  const here = new Set(pods.map(workloadName));
  // A part that this overlay lacks (PostgreSQL in production) has no flows.
  const namesOf = (name: string): readonly string[] =>
    every[name]?.map(workloadName) ?? (name.startsWith('outside') || here.has(name) ? [name] : []);
  // To the pods of this overlay it is a flow nevertheless: one that lies outside answers.
  const targetsOf = (from: string, to: string): readonly string[] =>
    here.has(from) && Object.values(outsideByPort).includes(to) ? [to] : namesOf(to);
  return (rendered.components ?? []).flatMap((component) => {
    const { flows = [], tunnel } = componentOf(component);
    const own = flows.flatMap((flow) =>
      namesOf(flow.from).flatMap((from) => targetsOf(from, flow.to).map((to) => ({ ...flow, from, to }))),
    );
    return [...own, ...tunnelled(rendered, tunnel)].map((flow) => ({ ...flow, component }));
  });
}

/** Every flow between two pods of the mesh once more, on its port. */
function tunnelled(rendered: Rendered, tunnel: Tunnel | undefined): Flow[] {
  if (!tunnel) return [];
  const meshed = new Set(podsOf(rendered).filter(tunnel.meshed).map(workloadName));
  return callGraph
    .filter(({ from, to }) => meshed.has(from) && meshed.has(to))
    .map(({ from, to, why }) => ({ from, to, port: tunnel.port, why: `${why}, through the mesh` }));
}

/** The policy to look at: that of the one who calls, else of the one who is called. */
function policyOf(rendered: Rendered, { from, to }: Allowed): Manifest {
  const policies = ofKind<INetworkPolicy>(rendered, 'NetworkPolicy');
  const named = (name: string): Manifest | undefined =>
    policies.find(({ body }) => body.metadata.name === name) ??
    policies.find(({ body }) => body.metadata.name.startsWith(name.split('/')[0]!));
  return (named(from) ?? named(to) ?? policies[0] ?? rendered.manifests[0])!;
}

function defaultDeny(rendered: Rendered): Finding[] {
  const denies = ofKind<INetworkPolicy>(rendered, 'NetworkPolicy').some(
    ({ body: { spec } }) =>
      Object.keys(spec?.podSelector ?? { no: 'selector' }).length === 0 &&
      spec?.policyTypes?.length === 2 &&
      !spec.ingress?.length &&
      !spec.egress?.length,
  );
  if (denies) return [];
  const remedy =
    'add a NetworkPolicy with podSelector: {}, both policyTypes and no rules (base/platform/network-policies.yaml)';
  return [{ manifest: rendered.manifests[0]!, problem: 'undeclared traffic is allowed', remedy }];
}

/** Every pod resolves names; every service exports telemetry. */
function missingCommon(rendered: Rendered, allowed: readonly Allowed[]): Finding[] {
  return podsOf(rendered).flatMap((pods) => {
    const from = workloadName(pods);
    const has = (to: string): boolean => allowed.some((flow) => flow.from === from && flow.to === to);
    const needs = pods.manifest.body.kind === 'Deployment' ? ['dns', 'telemetry'] : ['dns'];
    return needs
      .filter((to) => !has(to))
      .map((to) => ({
        manifest: pods.manifest,
        problem: `${from} → ${to} is closed`,
        remedy: `allow it (base/platform/network-policies.yaml, allow-${to})`,
      }));
  });
}
