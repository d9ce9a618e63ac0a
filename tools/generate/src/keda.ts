import { consumers, durableName, streamOf } from '@causeway/contracts';
import { services, type Service } from '@causeway/system';
import { header, type GeneratedFile } from './generated-file.js';

const folder = 'k8s/components/keda';
const from = 'tools/system/src/services.ts and libs/contracts';

/**
 * Messages of one consumer that wait or are being handled, per pod. An instance takes 32 of a consumer at once
 * (`prefetch` in libs/messaging), so twice that means: one batch in hand and a whole one waiting.
 */
const lagPerPod = 64;

/** The services with durable consumers: only for them does lag say how much there is to do. */
const consuming = services.filter(({ name }) => consumers.some(({ service }) => service === name));

/** Autoscaling on lag: one ScaledObject for each service that consumes, in the place of its HorizontalPodAutoscaler. */
export const kedaFiles = (): GeneratedFile[] => [
  { file: `${folder}/kustomization.yaml`, text: kustomization() },
  { file: `${folder}/scaled-objects.yaml`, text: [header(from), ...consuming.map(scaledObject)].join('\n') },
];

const kustomization = (): string => `${header(from)}
# Scales services on what waits for them in JetStream, and on CPU as before. Needs KEDA 2.18 or later in the namespace keda:
# README.md.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
  - scaled-objects.yaml
  - nats-monitoring.yaml
  - network-policy.yaml
${consuming.length > 0 ? patches() : ''}`;

const patches = (): string => `patches:
  # KEDA makes one of the same name for each ScaledObject. Two for one Deployment would work against each other.
  - target: { kind: HorizontalPodAutoscaler, name: ${consuming.map(({ name }) => name).join('|')} }
    patch: |-
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: { name: any }
      $patch: delete
`;

const scaledObject = ({ name }: Service): string => `---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: causeway
  annotations:
    # Takes over the HorizontalPodAutoscaler that is there, so that nothing scales in between.
    scaledobject.keda.sh/transfer-hpa-ownership: 'true'
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${name}
  # Never 0: it also answers HTTP, relays its outbox and works off what no message announces.
  minReplicaCount: 1
  maxReplicaCount: 6
  pollingInterval: 15
  # NATS cannot be asked: as many pods as there are, and at least two.
  fallback:
    failureThreshold: 3
    replicas: 2
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      name: ${name}
      behavior:
        scaleUp:
          stabilizationWindowSeconds: 0
          policies:
            - { type: Percent, value: 100, periodSeconds: 15 }
        scaleDown:
          stabilizationWindowSeconds: 300
          policies:
            - { type: Percent, value: 50, periodSeconds: 60 }
  triggers:
    - type: cpu
      metricType: Utilization
      metadata:
        value: '60'
${consumers
  .filter(({ service }) => service === name)
  .map(
    (consumer) => `    - type: nats-jetstream
      metricType: AverageValue
      useCachedMetrics: true
      metadata:
        stream: ${streamOf(consumer.message.subject).name}
        consumer: ${durableName(consumer)}
        lagThreshold: '${lagPerPod}'
      authenticationRef:
        name: nats-monitoring
`,
  )
  .join('')}`;
