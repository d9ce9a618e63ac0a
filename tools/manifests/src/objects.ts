import type { IDaemonSet, IDeployment, IReplicaSet, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { ICronJob, IJob } from 'kubernetes-models/batch/v1';
import type { IConfigMap, IContainer, IPod, IPodSpec } from 'kubernetes-models/v1';

/** What every Kubernetes object has. */
export interface Body {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** One object of a rendered overlay, and the file it began in. */
export interface Manifest<T = unknown> {
  /** `k8s/base/service/deployment.yaml`. Overlays and components may have changed what it says. */
  readonly file: string;
  readonly body: T & Body;
}

/** Everything that one overlay renders. */
export interface Rendered {
  /** `kind`, `staging`, `production`. */
  readonly overlay: string;
  /** The optional components that it was rendered with. */
  readonly components?: readonly string[];
  readonly manifests: readonly Manifest[];
}

export type Deployment = IDeployment & Body;
export type DaemonSet = IDaemonSet & Body;
export type Workload = (IDeployment | IReplicaSet | IStatefulSet | IDaemonSet | IJob | ICronJob | IPod) & Body;
export type Labels = Readonly<Record<string, string>>;

/**
 * All objects of one kind. The caller names the type that belongs to the kind; every document has been type-checked
 * against it.
 */
export const ofKind = <T>({ manifests }: Rendered, ...kinds: readonly string[]): Manifest<T>[] =>
  manifests.filter(({ body }) => kinds.includes(body.kind)) as Manifest<T>[];

/** The pods that a workload makes. */
export interface Pods {
  readonly manifest: Manifest<Workload>;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly spec: IPodSpec;
}

/** Every kind that makes pods. */
const workloads = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod'] as const;

export function podsOf(rendered: Rendered): Pods[] {
  return ofKind<Workload>(rendered, ...workloads).map((manifest) => {
    const template = templateOf(manifest.body);
    const { labels = {}, annotations = {} } = template?.metadata ?? {};
    return { manifest, labels, annotations, spec: template?.spec ?? { containers: [] } };
  });
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec?: IPodSpec;
}

function templateOf(body: Workload): PodTemplate | undefined {
  if (body.kind === 'Pod') return body;
  return body.kind === 'CronJob' ? body.spec?.jobTemplate.spec?.template : body.spec?.template;
}

/** Init containers and containers. */
export const containersOf = ({ initContainers, containers }: IPodSpec): readonly IContainer[] => [
  ...(initContainers ?? []),
  ...containers,
];

/** `order` for `registry.example.org/causeway/order:v1`; undefined for images that are not ours. */
export const appOf = (image: string | undefined): string | undefined =>
  /(?:^|\/)causeway\/([a-z-]+)(?:[:@]|$)/.exec(image ?? '')?.[1];

export const matches = (labels: Labels, selector: Labels | undefined): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);

export interface Variable {
  readonly name: string;
  /** Undefined when it is known only in the cluster: from a Secret or from the pod itself. */
  readonly value: string | undefined;
  readonly origin: 'literal' | 'config' | 'secret' | 'pod';
  /** Of a Secret: its name and key. */
  readonly secret?: { readonly name: string; readonly key: string };
}

/** The environment of a container, as the kubelet would put it together: `env` wins over `envFrom`. */
export function environmentOf(rendered: Rendered, container: IContainer): Variable[] {
  const variables = new Map<string, Variable>();
  const maps = ofKind<IConfigMap>(rendered, 'ConfigMap');
  for (const { configMapRef } of container.envFrom ?? []) {
    const found = maps.find(({ body }) => body.metadata.name === configMapRef?.name);
    for (const [name, value] of Object.entries(found?.body.data ?? {})) {
      variables.set(name, { name, value, origin: 'config' });
    }
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const ref = valueFrom?.secretKeyRef;
    if (ref)
      variables.set(name, { name, value: undefined, origin: 'secret', secret: { name: ref.name ?? '', key: ref.key } });
    else if (valueFrom) variables.set(name, { name, value: undefined, origin: 'pod' });
    else variables.set(name, { name, value: value ?? '', origin: 'literal' });
  }
  return [...variables.values()];
}
