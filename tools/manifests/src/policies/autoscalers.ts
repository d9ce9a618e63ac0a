import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { consumers, durableName, streamOf } from '@causeway/contracts';
import type { IConfigMap } from 'kubernetes-models/v1';
import { ofKind, type Body, type Deployment, type Manifest, type Rendered } from '../objects.js';
import type { IInterceptorRoute } from '../schemas/keda-http.js';
import { scalersFor, scalersOf, type Scaler } from '../scalers.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/**
 * What may have no pod while nothing is asked of it. All it does begins with a request, and its callers ask again; the
 * others have an outbox, work on a schedule, or are the way in.
 */
const mayBeAbsent = new Set<string>([
  // demo
  'Deployment psp-sandbox',
  // end demo
]);

/** Each Deployment has one autoscaler, which keeps a pod; and one on lag asks for consumers that exist. */
export const oneAutoscalerEach: ManifestPolicy = {
  name: 'each Deployment has one autoscaler, with a floor and a way to measure',
  check: (rendered) => [
    ...ofKind<Deployment>(rendered, 'Deployment').flatMap((manifest) => broken(manifest, rivals(rendered, manifest))),
    ...scalersOf(rendered).flatMap((scaler) => broken(scaler.manifest, floor(rendered, scaler))),
    ...ofKind<IScaledObject & Body>(rendered, 'ScaledObject').flatMap((manifest) =>
      broken(manifest, [
        ownerRule(manifest),
        ...(byRequests(manifest) ? wakeRules(rendered, manifest) : lagRules(rendered, manifest)),
      ]),
    ),
  ],
};

function rivals(rendered: Rendered, { body }: Manifest<Deployment>): Rule[] {
  const found = scalersFor(rendered, body).map(({ manifest }) => manifest.body.kind);
  return [
    [
      found.length < 2,
      `${found.join(' and ')} both set its number of pods, each undoing what the other did`,
      'delete one of them; a component that brings an autoscaler deletes the HorizontalPodAutoscaler of the base',
    ],
  ];
}

function floor(rendered: Rendered, { target, min }: Scaler): Rule[] {
  return [
    [
      rendered.manifests.some(({ body }) => `${body.kind} ${body.metadata.name}` === target),
      `it scales ${target}, which does not exist`,
      'name a Deployment of this overlay in scaleTargetRef',
    ],
    [
      min >= 1 || mayBeAbsent.has(target),
      `it may take away the last pod of ${target}, which has work that no trigger announces`,
      'set the least number of pods to 1 or more',
    ],
  ];
}

const push = 'external-push';
const byRequests = ({ body }: Manifest<IScaledObject & Body>): boolean =>
  body.spec!.triggers.some(({ type }) => type === push);

function ownerRule({ body }: Manifest<IScaledObject & Body>): Rule {
  const { scaleTargetRef, advanced } = body.spec!;
  return [
    advanced?.horizontalPodAutoscalerConfig?.name === scaleTargetRef.name &&
      body.metadata.annotations?.['scaledobject.keda.sh/transfer-hpa-ownership'] === 'true',
    'the HorizontalPodAutoscaler that is there stays beside its own',
    `set the annotation scaledobject.keda.sh/transfer-hpa-ownership, and the name ${scaleTargetRef.name} in advanced.horizontalPodAutoscalerConfig`,
  ];
}

function lagRules(rendered: Rendered, { body }: Manifest<IScaledObject & Body>): Rule[] {
  const { scaleTargetRef, triggers, fallback, minReplicaCount = 0, maxReplicaCount = 100 } = body.spec!;
  const service = scaleTargetRef.name;
  const wanted = consumers
    .filter((consumer) => consumer.service === service)
    .map((consumer) => `${streamOf(consumer.message.subject).name}/${durableName(consumer)}`);
  const lag = triggers.filter(({ type }) => type === 'nats-jetstream');
  const asked = lag.map(({ metadata }) => `${metadata['stream']}/${metadata['consumer']}`);
  const { replicas = 0, failureThreshold = 0 } = fallback ?? {};
  return [
    ...asked
      .filter((name) => !wanted.includes(name))
      .map((name): Rule => [
        false,
        `it asks for the consumer ${name}, which ${service} has not; KEDA would take the number of the last message for its lag`,
        'run npm run generate',
      ]),
    ...wanted
      .filter((name) => !asked.includes(name))
      .map((name): Rule => [false, `it does not look at the consumer ${name}`, 'run npm run generate']),
    [
      triggers.some(({ type }) => type === 'cpu'),
      'it does not look at CPU, so requests over HTTP scale nothing',
      'add a trigger cpu',
    ],
    [
      failureThreshold > 0 && replicas >= minReplicaCount && replicas <= maxReplicaCount,
      'when NATS cannot be asked, nothing says how many pods there shall be',
      'set fallback.failureThreshold, and fallback.replicas between minReplicaCount and maxReplicaCount',
    ],
    ...lag.flatMap(({ authenticationRef }) => endpointRules(rendered, authenticationRef?.name)),
  ];
}

/** A NATS of this overlay is asked in its own namespace: staging must not scale on the lag of production. */
function endpointRules(rendered: Rendered, name: string | undefined): Rule[] {
  const found = ofKind<IConfigMap & Body>(rendered, 'ConfigMap').find(({ body }) => body.metadata.name === name);
  const endpoint = found?.body.data?.['endpoint'] ?? '';
  const namespace = rendered.manifests.find(({ body }) => body.kind === 'Namespace')?.body.metadata.name;
  const own = rendered.manifests.some(({ body }) => body.kind === 'StatefulSet' && body.metadata.name === 'nats');
  return [
    [
      own ? endpoint === `nats.${namespace}:8222` : /^[\w-]+\.[\w.-]+:\d+$/.test(endpoint),
      `KEDA asks ${endpoint || 'nobody'} for the lag`,
      own
        ? `set endpoint of the ConfigMap nats-monitoring to nats.${namespace}:8222 in the overlay`
        : 'set endpoint of the ConfigMap nats-monitoring to host.namespace:port of your NATS',
    ],
  ];
}

/** Requests that go past the interceptor wake nobody, and wait for a pod that does not come. */
function wakeRules(rendered: Rendered, { body }: Manifest<IScaledObject & Body>): Rule[] {
  const named = body.spec!.triggers.find(({ type }) => type === push)?.metadata['interceptorRoute'];
  const route = ofKind<IInterceptorRoute & Body>(rendered, 'InterceptorRoute').find(
    (each) => each.body.metadata.name === named,
  )?.body.spec;
  if (!route) return [[false, `there is no InterceptorRoute ${named ?? ''}, so it counts nothing`, 'add it']];
  const hosts = (route.rules ?? []).flatMap(({ hosts: each = [] }) => each);
  const given = ofKind<IConfigMap>(rendered, 'ConfigMap').flatMap(({ body: { data = {} } }) => Object.values(data));
  const calls = (host: string): boolean => given.some((value) => new RegExp(`//${host}(:\\d+)?(/|$)`).test(value));
  const remedy = 'let the setting with the address of its caller name one of spec.rules.hosts of the InterceptorRoute';
  return [
    [
      hosts.length > 0 && hosts.every(calls),
      `nobody is told to call ${hosts.join(', ') || 'anything'}, so no request wakes it`,
      remedy,
    ],
    [
      !calls(route.target.service),
      `somebody is told to call ${route.target.service} itself, where there may be no pod`,
      remedy,
    ],
  ];
}
