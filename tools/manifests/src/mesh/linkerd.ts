import { portsOf, workloadName } from '../network.js';
import { containersOf, ofKind, podsOf, type Body, type Manifest, type Pods, type Rendered } from '../objects.js';
import { broken, type Finding, type Rule } from '../policies/policy.js';
import type {
  IAuthorizationPolicy,
  IMeshTLSAuthentication,
  INetworkAuthentication,
  IServer,
} from '../schemas/linkerd.js';
import { annotation, config, isMeshed, nativeSidecar } from './linkerd-sidecars.js';
import { passedOn, type Authorized, type Mesh } from './mesh.js';
import { inNamespace, namespaceOf, selectedBy } from './selectors.js';

const kinds = ['Server', 'AuthorizationPolicy', 'MeshTLSAuthentication', 'NetworkAuthentication'];

/** A sidecar in every pod, which knows HTTP; its authorization is by port. */
export const linkerd: Mesh = {
  component: 'mesh-linkerd',
  kinds,
  meshed: isMeshed,
  authorized: (rendered) => podsOf(rendered).flatMap((pods) => callersOf(rendered, pods)),
  unknown,
  cleartext,
  interference,
  life,
};

const serversOf = (rendered: Rendered, pods: Pods, port: number): Manifest<IServer>[] =>
  ofKind<IServer>(rendered, 'Server').filter(
    ({ body: { spec } }) =>
      isPort(pods, spec.port, port) &&
      selectedBy(rendered, spec.podSelector).some(({ manifest }) => manifest === pods.manifest),
  );

const isPort = ({ spec }: Pods, wanted: number | string, port: number): boolean =>
  wanted === port ||
  containersOf(spec).some(({ ports }) =>
    ports?.some(({ name, containerPort }) => name === wanted && containerPort === port),
  );

/** Ports of the containers that are ours: those of the proxy are its own business. */
const ownPorts = (pods: Pods, rendered: Rendered): number[] =>
  portsOf({ ...pods, spec: { containers: pods.spec.containers } }, { ...rendered, components: [] });

function callersOf(rendered: Rendered, pods: Pods): Authorized[] {
  const to = workloadName(pods);
  return ownPorts(pods, rendered).flatMap((port) => {
    const [server] = serversOf(rendered, pods, port);
    const open = server
      ? server.body.spec.accessPolicy
      : annotation(rendered, pods, `${config}/default-inbound-policy`);
    if ((open ?? (server ? 'deny' : 'all-unauthenticated')) !== 'deny') return [{ account: 'anyone', to, port }];
    const accounts = ofKind<IAuthorizationPolicy>(rendered, 'AuthorizationPolicy')
      .filter(
        ({ body: { spec } }) => spec.targetRef.kind === 'Server' && spec.targetRef.name === server?.body.metadata.name,
      )
      .flatMap(({ body }) => accountsOf(rendered, body));
    return [...new Set(accounts)].map((account) => ({ account, to, port }));
  });
}

/** Every reference has to be satisfied; a policy with one that does not exist lets in nobody. */
function accountsOf(rendered: Rendered, { spec }: IAuthorizationPolicy): readonly string[] {
  if (spec.requiredAuthenticationRefs.length === 0) return ['anyone'];
  const lists = spec.requiredAuthenticationRefs.map(({ kind, name }) => {
    const found = ofKind<IMeshTLSAuthentication | INetworkAuthentication>(rendered, kind).find(
      ({ body }) => body.metadata.name === name,
    );
    if (!found) return [];
    const references = 'identityRefs' in found.body.spec ? found.body.spec.identityRefs : undefined;
    return references ? references.map((each) => each.name ?? 'anyone') : ['anyone'];
  });
  const named = lists.filter((list) => !list.includes('anyone'));
  return named.reduce<readonly string[]>(
    (all, list) => (all.includes('anyone') ? list : all.filter((each) => list.includes(each))),
    ['anyone'],
  );
}

function unknown(rendered: Rendered): Finding[] {
  const one = (manifest: Manifest, rule: Rule): Finding[] => broken(manifest, [rule]);
  return [
    ...ofKind(rendered, 'ServerAuthorization', 'HTTPLocalRateLimitPolicy').flatMap((manifest) =>
      one(manifest, [
        false,
        'it is of a kind that this check does not count',
        'use an AuthorizationPolicy for a Server',
      ]),
    ),
    ...ofKind<IAuthorizationPolicy>(rendered, 'AuthorizationPolicy').flatMap((manifest) =>
      one(manifest, [
        manifest.body.spec.targetRef.kind === 'Server',
        'it is for something else than a Server, which this check does not count',
        'let targetRef name a Server',
      ]),
    ),
    ...ofKind<IMeshTLSAuthentication>(rendered, 'MeshTLSAuthentication').flatMap((manifest) =>
      one(manifest, [
        'identityRefs' in manifest.body.spec &&
          manifest.body.spec.identityRefs.every(
            ({ kind, name, namespace }) => kind === 'ServiceAccount' && name && !namespace,
          ),
        'it names callers by something else than ServiceAccounts of its own namespace',
        'use identityRefs with kind ServiceAccount and a name',
      ]),
    ),
    ...podsOf(rendered).flatMap((pods) =>
      ownPorts(pods, rendered).flatMap((port) =>
        one(pods.manifest, [
          serversOf(rendered, pods, port).length <= 1,
          `two Servers select its port ${port}, and the older one counts`,
          'remove one',
        ]),
      ),
    ),
  ];
}

/** Linkerd has no switch for strict: a port is strict when its policy asks for an identity. */
function cleartext(rendered: Rendered): Finding[] {
  const around = [`${config}/skip-inbound-ports`, `${config}/skip-outbound-ports`, `${config}/skip-subnets`];
  return [
    ...podsOf(rendered).flatMap((pods) =>
      broken(pods.manifest, [
        ...around.map((name): Rule => [
          annotation(rendered, pods, name) === undefined,
          `some of its connections go around the proxy (${name})`,
          'remove the annotation; opaque-ports is for what the proxy must not look into',
        ]),
      ]),
    ),
    ...inNamespace(rendered, [
      [
        namespaceOf(rendered).body.metadata.annotations?.[`${config}/default-inbound-policy`] === 'deny',
        'ports without a Server take connections without mutual TLS',
        `set the annotation ${config}/default-inbound-policy: deny`,
      ],
    ]),
    ...ofKind<IServer & Body>(rendered, 'Server').flatMap((manifest) =>
      broken(manifest, [
        [
          ['deny', undefined].includes(manifest.body.spec.accessPolicy),
          `it lets in ${manifest.body.spec.accessPolicy} beside its policies`,
          'set accessPolicy: deny',
        ],
      ]),
    ),
  ];
}

interface Profile {
  readonly spec?: { readonly routes?: readonly { readonly isRetryable?: boolean; readonly timeout?: string }[] };
}

function interference(rendered: Rendered): Finding[] {
  const alone = 'libraries do that, once, with a budget (docs/guides/choose-a-mesh.md)';
  return [
    ...rendered.manifests.flatMap((manifest) =>
      broken(
        manifest,
        Object.keys(manifest.body.metadata.annotations ?? {})
          .filter((name) => /^(retry|timeout)\.linkerd\.io\/|^balancer\.linkerd\.io\/failure-accrual/.test(name))
          .map((name): Rule => [
            false,
            `the annotation ${name} makes the mesh repeat, time out or eject`,
            `remove it; ${alone}`,
          ]),
      ),
    ),
    ...ofKind<Profile & Body>(rendered, 'ServiceProfile').flatMap((manifest) =>
      broken(manifest, [
        [
          !manifest.body.spec?.routes?.some(({ isRetryable, timeout }) => isRetryable || timeout !== undefined),
          'the mesh repeats failed requests, or times them out',
          `remove isRetryable and timeout; ${alone}`,
        ],
      ]),
    ),
  ];
}

function life(rendered: Rendered): Finding[] {
  return podsOf(rendered).flatMap((pods) => {
    const opaque = (annotation(rendered, pods, `${config}/opaque-ports`) ?? '').split(',');
    return broken(pods.manifest, [
      [
        annotation(rendered, pods, nativeSidecar) === 'true',
        'its proxy is no native sidecar: Jobs do not end, and init containers have no network',
        `set the annotation ${nativeSidecar}: 'true'`,
      ],
      ...ownPorts(pods, rendered)
        .filter((port) => port in passedOn)
        .flatMap((port): Rule[] => [
          [
            opaque.includes(String(port)),
            `port ${port} is ${passedOn[port]}, and its clients’ proxies look into it`,
            `name it in the annotation ${config}/opaque-ports`,
          ],
          [
            serversOf(rendered, pods, port).every(({ body }) => body.spec.proxyProtocol === 'opaque'),
            `port ${port} is ${passedOn[port]}, and its own proxy looks into it`,
            'set proxyProtocol: opaque',
          ],
        ]),
    ]);
  });
}
