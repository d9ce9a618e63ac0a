import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import type { IService } from 'kubernetes-models/v1';
import { matches, ofKind, podsOf, type Body, type Manifest, type Pods, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** A Service leads to the pods of one workload, and to a port that these listen on. */
export const servicesFindTheirPods: ManifestPolicy = {
  name: 'selectors and ports of Services match',
  check: (rendered) => [
    ...ofKind<IService & Body>(rendered, 'Service').flatMap((manifest) => broken(manifest, rules(rendered, manifest))),
    ...ofKind<IHTTPRoute & Body>(rendered, 'HTTPRoute').flatMap((manifest) =>
      broken(manifest, backends(rendered, manifest)),
    ),
  ],
};

function rules(rendered: Rendered, { body }: Manifest<IService>): Rule[] {
  const { selector, ports = [], type, externalName = '' } = body.spec ?? {};
  if (type === 'ExternalName') {
    return [
      [
        /^[\w-]+\.[\w-]+\.svc\.cluster\.local$/.test(externalName) && selector === undefined,
        `it stands for ${externalName || 'nothing'}`,
        'let externalName be a Service of another namespace, <name>.<namespace>.svc.cluster.local, and remove the selector',
      ],
    ];
  }
  const found = podsOf(rendered).filter(({ labels }) => matches(labels, selector ?? { no: 'selector' }));
  const names = found.map(({ manifest }) => `${manifest.body.kind} ${manifest.body.metadata.name}`).join(', ');
  return [
    [
      found.length === 1,
      `its selector finds the pods of ${names || 'nothing'}`,
      'let spec.selector have app.kubernetes.io/name and app.kubernetes.io/component of exactly one workload',
    ],
    ...found.flatMap((pods) =>
      ports.map(({ name, port, targetPort }): Rule => {
        const target = targetPort ?? port;
        return [
          listens(pods, target),
          `port ${name ?? port} leads to ${target}, where its pods do not listen`,
          'let targetPort name a port of the container',
        ];
      }),
    ),
    [
      ports.every(({ targetPort }) => targetPort !== 'management' && targetPort !== 9090),
      'it publishes the management port',
      'remove that port; the kubelet asks from the node, and people use kubectl port-forward',
    ],
  ];
}

const listens = ({ spec }: Pods, target: string | number): boolean =>
  spec.containers.some(({ ports }) =>
    ports?.some(({ name, containerPort }) => name === target || containerPort === target),
  );

function backends(rendered: Rendered, { body }: Manifest<IHTTPRoute>): Rule[] {
  const services = ofKind<IService & Body>(rendered, 'Service');
  return (body.spec?.rules ?? [])
    .flatMap(({ backendRefs }) => backendRefs ?? [])
    .map(({ name, port }): Rule => {
      const service = services.find((each) => each.body.metadata.name === name);
      return [
        service?.body.spec?.ports?.some((each) => each.port === port) === true,
        `it leads to ${name}:${port}, which is no Service`,
        'name a Service of this namespace and one of its ports in backendRefs',
      ];
    });
}
