import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { ofKind, type Body, type Deployment, type Manifest, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** Shares of requests are percentages, and requests can get to a canary. */
export const canariesAreWeighed: ManifestPolicy = {
  name: 'weights of routes add up, and requests reach each canary',
  check: (rendered) => [
    ...ofKind<IHTTPRoute & Body>(rendered, 'HTTPRoute').flatMap((manifest) => broken(manifest, shares(manifest))),
    ...ofKind<Deployment>(rendered, 'Deployment')
      .filter(({ body }) => body.metadata.name.endsWith('-canary'))
      .flatMap((manifest) => broken(manifest, reached(rendered, manifest))),
  ],
};

function shares({ body: { metadata, spec } }: Manifest<IHTTPRoute & Body>): Rule[] {
  return (spec?.rules ?? []).flatMap(({ backendRefs = [] }): Rule[] => {
    if (backendRefs.length < 2) return [];
    const weights = backendRefs.map(({ weight }) => weight);
    const known = weights.filter((weight) => weight !== undefined);
    const canary = backendRefs.find(({ name }) => name.endsWith('-canary'));
    return [
      [
        known.length === weights.length && known.reduce((sum, weight) => sum + weight, 0) === 100,
        `its weights ${weights.map((weight) => weight ?? 'none').join(', ')} are no percentages`,
        'give each of backendRefs a weight, and let them add up to 100',
      ],
      [
        (canary === undefined) === (metadata.labels?.['causeway.dev/canary'] === undefined),
        'npm run k8s:canary does not know what is tried',
        'set the label causeway.dev/canary to the service whose version is tried, where there is a canary',
      ],
    ];
  });
}

/** Through the route, or through a lane: the settings of another canary lead to it. */
function reached(rendered: Rendered, { body: { metadata } }: Manifest<Deployment>): Rule[] {
  const byRoute = ofKind<IHTTPRoute>(rendered, 'HTTPRoute').some(({ body }) =>
    (body.spec?.rules ?? []).some(({ backendRefs }) => backendRefs?.some(({ name }) => name === metadata.name)),
  );
  const byLane = ofKind<Deployment>(rendered, 'Deployment')
    .filter(({ body }) => body.metadata.name.endsWith('-canary'))
    .flatMap(({ body }) => body.spec?.template.spec?.containers.flatMap(({ env }) => env ?? []) ?? [])
    .some(({ value }) => value?.includes(`//${metadata.name}:`) === true);
  return [
    [
      byRoute || byLane,
      'no request can reach it, whatever the weights are',
      'let a backendRef of the HTTPRoute name it, or DISCOVERY_STATIC of the lane in front of it',
    ],
  ];
}
