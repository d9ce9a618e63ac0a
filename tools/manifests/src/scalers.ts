import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { ofKind, type Body, type Manifest, type Rendered } from './objects.js';

type Behavior = NonNullable<IHorizontalPodAutoscaler['spec']>['behavior'];

/** What decides how many pods a workload has, whichever kind of object says it. */
export interface Scaler {
  readonly manifest: Manifest;
  /** `Deployment order` */
  readonly target: string;
  readonly min: number;
  readonly max: number;
  /** How fast, between 1 and `max`. */
  readonly behavior?: Behavior;
}

/** Defaults are those of the controllers: an autoscaler of Kubernetes keeps 1 pod, KEDA 0; and KEDA stops at 100. */
export function scalersOf(rendered: Rendered): Scaler[] {
  return [
    ...ofKind<IHorizontalPodAutoscaler & Body>(rendered, 'HorizontalPodAutoscaler').map((manifest) => {
      const { scaleTargetRef: target, minReplicas = 1, maxReplicas = 0, behavior } = manifest.body.spec ?? {};
      return { manifest, target: `${target?.kind} ${target?.name}`, min: minReplicas, max: maxReplicas, behavior };
    }),
    ...ofKind<IScaledObject & Body>(rendered, 'ScaledObject').map((manifest) => {
      const {
        scaleTargetRef: target,
        minReplicaCount: min = 0,
        maxReplicaCount: max = 100,
        advanced,
      } = manifest.body.spec!;
      const { behavior } = advanced?.horizontalPodAutoscalerConfig ?? {};
      return { manifest, target: `${target.kind ?? 'Deployment'} ${target.name}`, min, max, behavior };
    }),
  ];
}

export const scalersFor = (rendered: Rendered, { kind, metadata }: Body): Scaler[] =>
  scalersOf(rendered).filter(({ target }) => target === `${kind} ${metadata.name}`);
