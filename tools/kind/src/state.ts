/** As much of Kubernetes' objects as tells whether they are ready. */
export interface Observed {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly succeeded?: number;
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number; readonly reason?: string };
  };
}

/** Why waiting longer will not help. */
export interface Trouble {
  readonly pod: string;
  readonly container?: string;
  readonly reason: string;
}

export interface State {
  /** `Deployment order 1/2`, of what is not ready. */
  readonly waitingFor: readonly string[];
  readonly trouble: Trouble | undefined;
}

/**
 * Where a roll-out stands.
 * @param expected `Deployment order` and so on: everything that was applied.
 * @param objects  What the cluster says: workloads and pods.
 */
export function stateOf(expected: readonly string[], objects: readonly Observed[]): State {
  const named = new Map(objects.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  const waitingFor = expected
    .map((name) => [name, progressOf(named.get(name))] as const)
    .filter(([, progress]) => progress !== 'ready')
    .map(([name, progress]) => `${name} ${progress}`);
  return { waitingFor, trouble: troubleIn(objects, expected) };
}

/** `ready`, or how far it is. */
function progressOf(object: Observed | undefined): string {
  if (!object) return 'is not there';
  const { kind, metadata, spec, status = {} } = object;
  if (kind === 'Job')
    return status.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True')
      ? 'ready'
      : 'running';
  const wanted = spec?.replicas ?? 1;
  const current = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const updated = status.updatedReplicas ?? 0;
  const ready = kind === 'Deployment' ? (status.availableReplicas ?? 0) : (status.readyReplicas ?? 0);
  const done = current && updated >= wanted && ready >= wanted && (status.replicas ?? 0) === updated;
  return done ? 'ready' : `${Math.min(ready, updated)}/${wanted}`;
}

/** These do not heal by themselves. `CreateContainerError` and pulls may, so they are given some tries. */
const hopeless = new Set(['CreateContainerConfigError', 'InvalidImageName', 'ErrImageNeverPull']);
const doubtful = new Set(['ImagePullBackOff', 'CrashLoopBackOff']);
const crashes = 4;

function troubleIn(objects: readonly Observed[], expected: readonly string[]): Trouble | undefined {
  const failed = objects.find(
    ({ kind, metadata, status }) =>
      kind === 'Job' &&
      expected.includes(`Job ${metadata.name}`) &&
      status?.conditions?.some(({ type, status: is }) => type === 'Failed' && is === 'True'),
  );
  const pods = objects.filter(({ kind, metadata }) => kind === 'Pod' && metadata.deletionTimestamp === undefined);
  if (failed) {
    const { name } = failed.metadata;
    const own = pods.filter(({ metadata }) =>
      metadata.ownerReferences?.some((owner) => owner.kind === 'Job' && owner.name === name),
    );
    const message = failed.status?.conditions?.find(({ type }) => type === 'Failed')?.message;
    return { pod: newest(own) ?? name, reason: `Job ${name} failed${message ? `: ${message}` : ''}` };
  }
  for (const { metadata, status } of pods) {
    for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
      const { reason, message } = container.state?.waiting ?? {};
      if (reason === undefined) continue;
      const patience = reason === 'CrashLoopBackOff' ? container.restartCount >= crashes : doubtful.has(reason);
      if (hopeless.has(reason) || patience) {
        return { pod: metadata.name, container: container.name, reason: `${reason}${message ? `: ${message}` : ''}` };
      }
    }
  }
  return undefined;
}

const newest = (pods: readonly Observed[]): string | undefined =>
  [...pods].sort((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1))[0]
    ?.metadata.name;
