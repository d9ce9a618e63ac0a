import { Refused } from '../run.js';
import type { CanaryOptions } from './options.js';
import { largestStep } from './options.js';
import type { Shares } from './route.js';

export interface RunningDeployment {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: PodSpec } };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}
interface PodSpec {
  readonly containers: readonly { readonly image?: string }[];
}
export interface RunningAutoscaler {
  readonly spec: { readonly maxReplicas: number; readonly scaleTargetRef: { readonly name: string } };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

/** The Deployments on both sides of a weight: a lane is as good as its weakest part. */
export const namesFor = (app: string, { stable, canary }: Shares): { stable: string[]; canary: string[] } => ({
  stable: [...new Set([stable.name, app])],
  canary: [...new Set([canary.name, `${app}-canary`])],
});

/**
 * Refuses a larger share for a canary that is not ready, is too small and cannot grow, or would gain too much at once.
 * Nothing of this is asked when it loses: a way back has no conditions.
 * @throws Refused with what to do
 */
export function checkShift(
  { app, weight = 0, force }: Pick<CanaryOptions, 'app' | 'weight' | 'force'>,
  shares: Shares,
  deployments: readonly RunningDeployment[],
  autoscalers: readonly RunningAutoscaler[],
): void {
  if (weight <= shares.canary.weight) return;
  const { stable, canary } = shares;
  if (stable.weight + canary.weight !== 100)
    throw new Refused(
      `The weights ${stable.weight} and ${canary.weight} are no percentages: somebody else has set them. First npm run k8s:canary -- ${app} undo.`,
    );
  if (weight - shares.canary.weight > largestStep && !force)
    throw new Refused(
      `From ${shares.canary.weight} % to ${weight} % is more than ${largestStep} percentage points at once. Take a step between, or add --force.`,
    );
  const names = namesFor(app, shares);
  for (const name of names.canary) {
    const found = deployments.find(({ metadata }) => metadata.name === name);
    if (!found)
      throw new Refused(`There is no Deployment ${name}: apply the overlay with the component canary-${app}.`);
    if (!isReady(found))
      throw new Refused(
        `Deployment ${name} is not ready (${podsOf(found)}): kubectl rollout status deployment/${name} says why.`,
      );
  }
  const busiest = Math.max(...names.stable.map((name) => replicasOf(deployments, name)));
  const needed = Math.ceil((busiest * weight) / 100);
  for (const name of names.canary) {
    const autoscaler = autoscalerOf(autoscalers, name);
    const takes = `${weight} % of what ${busiest} pods do now takes ${needed} pods of ${name}`;
    if (autoscaler && needed > autoscaler.spec.maxReplicas)
      throw new Refused(
        `${takes}, and its autoscaler stops at ${autoscaler.spec.maxReplicas}. Raise maxReplicas in the overlay.`,
      );
    const running = replicasOf(deployments, name);
    if (needed > running && !isScaling(autoscaler))
      throw new Refused(
        `${takes}, it has ${running}, and nothing makes them more: ${whyNot(autoscaler)}. ` +
          `kubectl scale deployment/${name} --replicas=${needed} does, or put right what kubectl describe hpa ${name} says (often: no metrics-server).`,
      );
  }
}

/**
 * What the stable side needs when the canary loses requests: as many pods as carry them now, so far as its autoscaler lets
 * it. After some time at a small share it has been scaled down, and would get everything at once.
 * @returns the Deployments that have fewer, with how many they shall have
 */
export function podsForReturn(
  app: string,
  shares: Shares,
  deployments: readonly RunningDeployment[],
  autoscalers: readonly RunningAutoscaler[],
): { readonly name: string; readonly replicas: number }[] {
  const names = namesFor(app, shares);
  return names.stable.flatMap((name, index) => {
    const carrying = replicasOf(deployments, names.canary[index] ?? name);
    const most = autoscalerOf(autoscalers, name)?.spec.maxReplicas ?? Infinity;
    const replicas = Math.min(carrying, most);
    return replicas > replicasOf(deployments, name) ? [{ name, replicas }] : [];
  });
}

const autoscalerOf = (autoscalers: readonly RunningAutoscaler[], name: string): RunningAutoscaler | undefined =>
  autoscalers.find(({ spec }) => spec.scaleTargetRef.name === name);

const scalingActive = (autoscaler: RunningAutoscaler | undefined) =>
  autoscaler?.status?.conditions?.find(({ type }) => type === 'ScalingActive');

/** Whether an autoscaler gets the numbers that it scales by. */
const isScaling = (autoscaler: RunningAutoscaler | undefined): boolean => scalingActive(autoscaler)?.status === 'True';

const whyNot = (autoscaler: RunningAutoscaler | undefined): string =>
  autoscaler
    ? `its autoscaler is not active (${scalingActive(autoscaler)?.reason ?? 'it has not looked yet'})`
    : 'it has no autoscaler';

const replicasOf = (deployments: readonly RunningDeployment[], name: string): number =>
  deployments.find(({ metadata }) => metadata.name === name)?.spec.replicas ?? 1;

function isReady({ metadata, spec, status }: RunningDeployment): boolean {
  const { replicas = 1 } = spec;
  return (
    replicas > 0 &&
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    status?.updatedReplicas === replicas &&
    status.availableReplicas === replicas
  );
}

/** `2 of 3 pods are available` */
export const podsOf = ({ spec, status }: RunningDeployment): string =>
  `${status?.availableReplicas ?? 0} of ${spec.replicas ?? 1} pods are available`;

export const imageOf = ({ spec }: RunningDeployment): string => spec.template.spec.containers[0]?.image ?? 'no image';
