import type { IService } from 'kubernetes-models/v1';
import { workloadName } from '../network.js';
import { matches, ofKind, podsOf, type Body, type Manifest, type Pods, type Rendered } from '../objects.js';
import { broken, type Finding, type Rule } from '../policies/policy.js';
import type { IServiceDefaults, IServiceIntentions } from '../schemas/consul.js';
import { annotated, inConsul, nativeSidecar } from './consul-sidecars.js';
import type { Authorized, Mesh } from './mesh.js';

const portsIn = (pods: Pods, annotation: string): number[] =>
  (annotated(pods, annotation) ?? '')
    .split(',')
    .filter((port) => port !== '')
    .map(Number);

const meshedPods = (rendered: Rendered): Pods[] => podsOf(rendered).filter(inConsul);

/** Envoy beside every service. A pod is known by its Kubernetes Service, so what has none, as Jobs, cannot join. */
export const consul: Mesh = {
  component: 'mesh-consul',
  kinds: ['ServiceIntentions'],
  meshed: (_, pods) => inConsul(pods),
  authorized: (rendered) => meshedPods(rendered).flatMap((pods) => callersOf(rendered, pods)),
  unknown: (rendered) =>
    ofKind<IServiceIntentions>(rendered, 'ServiceIntentions').flatMap((manifest) =>
      broken(manifest, [
        [
          manifest.body.spec.sources.every(({ permissions, action }) => !permissions && action),
          'it asks for more than a name, which this check does not count and needs HTTP',
          'use sources with an action',
        ],
      ]),
    ),
  cleartext,
  interference,
  life: (rendered) => meshedPods(rendered).flatMap((pods) => broken(pods.manifest, lifeRules(rendered, pods))),
};

/** The Kubernetes Services that lead to pods and that Consul registers: it takes their name. */
const servicesOf = (rendered: Rendered, { labels }: Pods): Manifest<IService & Body>[] =>
  ofKind<IService & Body>(rendered, 'Service').filter(
    ({ body }) =>
      matches(labels, body.spec?.selector ?? { no: 'selector' }) &&
      body.metadata.labels?.['consul.hashicorp.com/service-ignore'] !== 'true',
  );

function callersOf(rendered: Rendered, pods: Pods): Authorized[] {
  const to = workloadName(pods);
  const around = portsIn(pods, 'transparent-proxy-exclude-inbound-ports').map((port) => ({
    account: 'anyone',
    to,
    port,
  }));
  const through = servicesOf(rendered, pods).flatMap(({ body }) => {
    const sources = ofKind<IServiceIntentions>(rendered, 'ServiceIntentions')
      .filter(({ body: { spec } }) => spec.destination.name === body.metadata.name)
      .flatMap(({ body: { spec } }) => spec.sources);
    // The cluster's default would count, and it may be to allow.
    const others = sources.find(({ name }) => name === '*')?.action ?? 'allow';
    const allowed = sources.filter(({ name, action }) => name !== '*' && action === 'allow').map(({ name }) => name);
    const port = Number(body.spec?.ports?.[0]?.port);
    return [...allowed, ...(others === 'allow' ? ['anyone'] : [])].map((account) => ({ account, to, port }));
  });
  return [...around, ...through];
}

const defaultsOf = (rendered: Rendered): Manifest<IServiceDefaults & Body>[] => ofKind(rendered, 'ServiceDefaults');

function cleartext(rendered: Rendered, isOpen: (workload: string, port: number) => boolean): Finding[] {
  return [
    ...meshedPods(rendered).flatMap((pods) => {
      const name = workloadName(pods);
      return broken(pods.manifest, [
        [
          annotated(pods, 'transparent-proxy') === 'true',
          'its connections are not led through the proxy',
          "set the annotation consul.hashicorp.com/transparent-proxy: 'true'",
        ],
        ...portsIn(pods, 'transparent-proxy-exclude-inbound-ports').map((port): Rule => [
          isOpen(name, port),
          `${name}:${port} takes connections without mutual TLS`,
          'remove the port from transparent-proxy-exclude-inbound-ports: only what everyone may call takes them',
        ]),
        ...portsIn(pods, 'transparent-proxy-exclude-outbound-ports').map((port): Rule => [
          false,
          `its connections to port ${port} go around the mesh`,
          'remove the port from transparent-proxy-exclude-outbound-ports',
        ]),
        [
          annotated(pods, 'transparent-proxy-exclude-outbound-cidrs') === undefined,
          'its connections to some addresses go around the mesh',
          'remove transparent-proxy-exclude-outbound-cidrs',
        ],
        ...servicesOf(rendered, pods).map(({ body }): Rule => [
          defaultsOf(rendered).find((each) => each.body.metadata.name === body.metadata.name)?.body.spec
            .mutualTLSMode === 'strict',
          'connections without mutual TLS may be taken',
          `let ServiceDefaults ${body.metadata.name} have mutualTLSMode: strict`,
        ]),
      ]);
    }),
  ];
}

interface Router {
  readonly spec?: { readonly routes?: readonly { readonly destination?: Readonly<Record<string, unknown>> }[] };
}

function interference(rendered: Rendered): Finding[] {
  const alone = 'libraries do that, once, with a budget (docs/guides/choose-a-mesh.md)';
  const isOwn = (name: string): boolean => /^(numRetries|retryOn.*|requestTimeout|idleTimeout)$/.test(name);
  return [
    ...ofKind<Router & Body>(rendered, 'ServiceRouter').flatMap((manifest) =>
      broken(manifest, [
        [
          !manifest.body.spec?.routes?.some(({ destination = {} }) => Object.keys(destination).some(isOwn)),
          'the mesh repeats failed requests, or times them out',
          `remove retries and timeouts from its routes; ${alone}`,
        ],
      ]),
    ),
    ...defaultsOf(rendered).flatMap((manifest) => {
      const { upstreamConfig: { defaults, overrides = [] } = {}, localRequestTimeoutMs } = manifest.body.spec;
      return broken(manifest, [
        [
          [defaults, ...overrides].every((each) => each?.passiveHealthCheck === undefined),
          'the mesh ejects instances by itself',
          `remove passiveHealthCheck; ${alone}`,
        ],
        [localRequestTimeoutMs === undefined, 'the mesh has a timeout of its own', `remove it; ${alone}`],
      ]);
    }),
  ];
}

function lifeRules(rendered: Rendered, pods: Pods): Rule[] {
  const services = servicesOf(rendered, pods).map(({ body }) => body.metadata.name);
  const account = pods.spec.serviceAccountName;
  const defaults = defaultsOf(rendered).find(({ body }) => body.metadata.name === services[0])?.body.spec;
  return [
    [
      annotated(pods, nativeSidecar) === 'true',
      'its proxy is no native sidecar: the service starts before it, and may outlive it',
      `set the annotation consul.hashicorp.com/${nativeSidecar}: 'true'`,
    ],
    [
      pods.spec.automountServiceAccountToken === true,
      'it has no token to log in to Consul with, so its webhook refuses the pods',
      'set automountServiceAccountToken: true',
    ],
    [
      services.length === 1 && services[0] === account,
      `Consul knows it as ${services.join(' and ') || 'nothing'}, and its account is ${account}: it may not log in as another`,
      'let one Service of that name lead to it, and label others consul.hashicorp.com/service-ignore',
    ],
    [
      defaults?.protocol === 'tcp' && defaults.transparentProxy?.dialedDirectly === true,
      'the proxy looks into its connections, or refuses calls by the address of a pod',
      'let its ServiceDefaults have protocol: tcp and transparentProxy.dialedDirectly: true',
    ],
    [
      annotated(pods, 'transparent-proxy-overwrite-probes') === 'false' &&
        portsIn(pods, 'transparent-proxy-exclude-inbound-ports').includes(9090),
      'its probes do not reach it',
      "exclude port 9090 from the proxy, and set transparent-proxy-overwrite-probes: 'false'",
    ],
    [
      (pods.spec.initContainers ?? []).every(({ args }) => args?.[0] !== 'wait-for-schema') ||
        portsIn(pods, 'transparent-proxy-exclude-outbound-ports').includes(5432),
      'it waits for its schema before the proxy runs, through which it would have to ask',
      'exclude port 5432 in transparent-proxy-exclude-outbound-ports',
    ],
  ];
}
