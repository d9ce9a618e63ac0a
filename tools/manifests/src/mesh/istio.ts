import type { IDestinationRule, IVirtualService } from '@kubernetes-models/istio/networking.istio.io/v1';
import type { IAuthorizationPolicy, IPeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1';
import { portsOf, workloadName } from '../network.js';
import { ofKind, podsOf, type Body, type Manifest, type Pods, type Rendered } from '../objects.js';
import { broken, type Finding, type Rule } from '../policies/policy.js';
import type { Authorized, Mesh } from './mesh.js';
import { inNamespace, namespaceOf, selectedBy } from './selectors.js';

type Policy = Manifest<IAuthorizationPolicy & Body>;
type AuthorizationRule = NonNullable<NonNullable<IAuthorizationPolicy['spec']>['rules']>[number];
type Source = NonNullable<NonNullable<AuthorizationRule['from']>[number]['source']>;
type Operation = NonNullable<NonNullable<AuthorizationRule['to']>[number]['operation']>;

const modeLabel = 'istio.io/dataplane-mode';
const policiesOf = (rendered: Rendered): Policy[] => ofKind(rendered, 'AuthorizationPolicy');

/** Istio in ambient mode: ztunnel on each node encrypts and authorizes connections, and looks at nothing inside of them. */
export const istio: Mesh = {
  component: 'mesh-istio',
  kinds: ['AuthorizationPolicy'],
  meshed: (rendered, { labels }) =>
    namespaceOf(rendered).body.metadata.labels?.[modeLabel] === 'ambient' && labels[modeLabel] !== 'none',
  authorized: (rendered) => podsOf(rendered).flatMap((pods) => callersOf(rendered, pods)),
  unknown: (rendered) => policiesOf(rendered).flatMap((manifest) => broken(manifest, understood(manifest.body))),
  cleartext,
  interference,
  life: (rendered) => [
    ...inNamespace(rendered, [
      [
        namespaceOf(rendered).body.metadata.labels?.['istio-injection'] !== 'enabled',
        'it injects sidecars beside ambient mode, which take the connections of a pod twice',
        'remove the label istio-injection',
      ],
    ]),
    ...podsOf(rendered).flatMap(({ manifest, labels }) =>
      broken(manifest, [
        [
          labels['sidecar.istio.io/inject'] !== 'true',
          'its pods get a sidecar beside ambient mode',
          'remove the label sidecar.istio.io/inject',
        ],
      ]),
    ),
  ],
};

/** Without a policy everybody may call; with one, whom one of the rules lets in. */
function callersOf(rendered: Rendered, pods: Pods): Authorized[] {
  const to = workloadName(pods);
  const selecting = policiesOf(rendered).filter(({ body }) =>
    selectedBy(rendered, body.spec?.selector).some(({ manifest }) => manifest === pods.manifest),
  );
  return portsOf(pods, { ...rendered, components: [] }).flatMap((port) => {
    if (selecting.length === 0) return [{ account: 'anyone', to, port }];
    const accounts = selecting
      .flatMap(({ body }) => body.spec?.rules ?? [])
      .filter(({ to: operations }) => !operations?.length || operations.some(({ operation }) => opens(operation, port)))
      .flatMap(accountsOf);
    return [...new Set(accounts)].map((account) => ({ account, to, port }));
  });
}

const opens = (operation: Operation | undefined, port: number): boolean =>
  !operation?.ports?.length || operation.ports.includes(String(port));

const accountsOf = ({ from }: AuthorizationRule): readonly string[] =>
  from?.length ? from.flatMap(({ source }) => source?.serviceAccounts ?? ['anyone']) : ['anyone'];

/** What ztunnel can decide on, and what this check can count. */
function understood({ spec }: IAuthorizationPolicy): Rule[] {
  const rules = spec?.rules ?? [];
  const only = (node: object | undefined, known: string): boolean =>
    Object.keys(node ?? {}).every((key) => key === known);
  const sources = rules.flatMap(({ from = [] }) => from.map(({ source }): Source => source ?? {}));
  const operations = rules.flatMap(({ to = [] }) => to.map(({ operation }): Operation => operation ?? {}));
  return [
    [
      (spec?.action ?? 'ALLOW') === 'ALLOW' && !spec?.targetRefs?.length && !spec?.targetRef,
      'it is no list of allowed callers, which is all that this check counts',
      'use action ALLOW and a selector',
    ],
    [
      sources.every((source) => only(source, 'serviceAccounts')),
      'it names callers by something else than serviceAccounts, which would name one namespace or need HTTP',
      'use source.serviceAccounts',
    ],
    [
      operations.every((operation) => only(operation, 'ports')) && rules.every(({ when }) => !when?.length),
      'it asks for more than a port; ztunnel sees connections only, and refuses what it cannot check',
      'use operation.ports',
    ],
  ];
}

function cleartext(rendered: Rendered, isOpen: (workload: string, port: number) => boolean): Finding[] {
  const peers = ofKind<IPeerAuthentication & Body>(rendered, 'PeerAuthentication');
  const whole = peers.filter(({ body }) => !body.spec?.selector);
  return [
    ...inNamespace(rendered, [
      [
        whole.some(({ body }) => body.spec?.mtls?.mode === 'STRICT'),
        'connections without mutual TLS are taken',
        'add a PeerAuthentication without selector with mtls.mode: STRICT',
      ],
    ]),
    ...peers.flatMap((manifest) => {
      const { mtls, selector, portLevelMtls = {} } = manifest.body.spec ?? {};
      const lax = Object.entries(portLevelMtls).filter(([, { mode }]) => mode !== 'STRICT');
      return broken(manifest, [
        [
          [undefined, 'UNSET', 'STRICT'].includes(mtls?.mode),
          `its mtls.mode is ${mtls?.mode}, so connections without mutual TLS are taken`,
          'set mtls.mode: STRICT',
        ],
        ...selectedBy(rendered, selector).flatMap((pods) =>
          lax.map(([port]): Rule => [
            isOpen(workloadName(pods), Number(port)),
            `${workloadName(pods)}:${port} takes connections without mutual TLS`,
            'remove the port from portLevelMtls: only what everyone may call takes them',
          ]),
        ),
      ]);
    }),
    ...ofKind<IDestinationRule & Body>(rendered, 'DestinationRule').flatMap((manifest) =>
      broken(manifest, [
        [
          [undefined, 'ISTIO_MUTUAL'].includes(manifest.body.spec?.trafficPolicy?.tls?.mode),
          'it switches mutual TLS off for calls to it',
          'remove trafficPolicy.tls',
        ],
      ]),
    ),
  ];
}

const alone = 'libraries do that, once, with a budget (docs/guides/choose-a-mesh.md)';

function interference(rendered: Rendered): Finding[] {
  return [
    ...ofKind<IVirtualService & Body>(rendered, 'VirtualService').flatMap((manifest) =>
      (manifest.body.spec?.http ?? []).flatMap(({ retries, timeout }) =>
        broken(manifest, [
          [
            retries?.attempts === 0,
            `the mesh repeats failed requests (${retries?.attempts ?? 'twice, its default'})`,
            `set retries.attempts: 0, or remove the VirtualService; ${alone}`,
          ],
          [timeout === undefined, 'the mesh has a timeout of its own', `remove timeout; ${alone}`],
        ]),
      ),
    ),
    ...ofKind<IDestinationRule & Body>(rendered, 'DestinationRule').flatMap((manifest) =>
      broken(manifest, [
        [
          manifest.body.spec?.trafficPolicy?.outlierDetection === undefined,
          'the mesh ejects instances by itself',
          `remove outlierDetection; ${alone}`,
        ],
      ]),
    ),
    ...rendered.manifests.flatMap((manifest) => {
      const { labels } = manifest.body.metadata;
      const waypoint = 'istio.io/use-waypoint';
      return broken(manifest, [
        [
          labels?.[waypoint] === undefined || labels[waypoint] === 'none',
          'its calls go through a waypoint, which repeats failed requests twice by default',
          `remove the label ${waypoint}; ${alone}`,
        ],
      ]);
    }),
  ];
}
