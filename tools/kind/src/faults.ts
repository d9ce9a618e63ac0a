/** The fields of pods and Jobs that show whether they can start. */
export interface Observed {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

/** Why more waiting does not help. */
export interface Fault {
  readonly pod: string;
  readonly container?: string;
  readonly reason: string;
}

const holds = ({ status }: Observed, wanted: string) =>
  status?.conditions?.find((condition) => condition.type === wanted && condition.status === 'True');

const isPod = ({ kind, metadata }: Observed): boolean => kind === 'Pod' && metadata.deletionTimestamp === undefined;

/** Reasons that do not heal by themselves; a container that crashes is given some restarts. */
const reasons = /^(CreateContainerConfigError|InvalidImageName|ErrImageNeverPull|ImagePullBackOff)$/;
const tolerableRestarts = 3;

/**
 * Finds a Job that failed or a container that cannot start.
 * @param workloads `job/user-migrate`: other Jobs are not looked at.
 */
export function faultIn(objects: readonly Observed[], workloads: readonly string[]): Fault | undefined {
  const pods = objects.filter(isPod);
  for (const job of objects.filter(
    ({ kind, metadata }) => kind === 'Job' && workloads.includes(`job/${metadata.name}`),
  )) {
    const failed = holds(job, 'Failed');
    if (!failed) continue;
    const { name } = job.metadata;
    const [newest] = pods
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === 'Job' && owner.name === name))
      .toSorted((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1));
    return { pod: newest?.metadata.name ?? name, reason: withMessage(`Job ${name} failed`, failed.message) };
  }
  for (const { metadata, status } of pods) {
    for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
      const { reason = '', message } = container.state?.waiting ?? {};
      const crashes = reason === 'CrashLoopBackOff' && container.restartCount > tolerableRestarts;
      if (reasons.test(reason) || crashes)
        return { pod: metadata.name, container: container.name, reason: withMessage(reason, message) };
    }
  }
  return undefined;
}

const withMessage = (reason: string, message?: string): string => (message ? `${reason}: ${message}` : reason);

/** Finds a pod of these workloads that runs and is not ready. */
export function unreadyIn(objects: readonly Observed[], workloads: readonly string[]): Fault | undefined {
  const pod = objects.find(
    (each) =>
      isPod(each) &&
      each.status?.phase !== 'Succeeded' &&
      !holds(each, 'Ready') &&
      workloads.some((workload) => each.metadata.name.startsWith(`${workload.split('/')[1]}-`)),
  );
  return pod && { pod: pod.metadata.name, reason: 'it does not become ready' };
}
