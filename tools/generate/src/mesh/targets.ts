import { services } from '@causeway/system';
import { callGraph, type Flow } from '@causeway/system/topology';

/** A port of a workload, and who may call it. What every mesh's authorization is generated from. */
export interface MeshTarget {
  /** Of the workload: `order`, `postgres`. */
  readonly name: string;
  readonly labels: Labels;
  readonly port: number;
  /** ServiceAccounts; the identity of a pod in a mesh is that of its account. */
  readonly callers: readonly string[];
  /** `everyone`: also clients outside of the mesh, without an identity. */
  readonly open?: true;
}

type Labels = Readonly<Record<string, string>>;

const components: Readonly<Record<string, string>> = { postgres: 'database', nats: 'broker' };

export const labelsOf = (name: string): Labels => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/component': components[name] ?? 'service',
});

/** Jobs run under the account of what they belong to; provisioning under that of the image that it takes. */
const accountOf = (workload: string): string =>
  workload.startsWith('nats-topology/') ? 'gateway' : workload.split('/')[0]!;

const outside = ({ from }: Flow): boolean => from === 'outside';

/** The call graph by who is called. */
export const targets: readonly MeshTarget[] = [
  ...Map.groupBy(callGraph, ({ to, port }) => `${to}:${port}`).values(),
].map((flows) => {
  const { to, port } = flows[0]!;
  const callers = flows.filter((flow) => !outside(flow)).map(({ from }) => accountOf(from));
  return {
    name: to,
    labels: labelsOf(to),
    port,
    callers: [...new Set(callers)].sort(),
    ...(flows.some(outside) && { open: true }),
  };
});

/** Not PostgreSQL or NATS. */
export const isService = ({ name }: MeshTarget): boolean => !(name in components);

/** Every service on its HTTP port, those too that nobody calls: they hear messages only. */
export const everyService = (called: readonly MeshTarget[], names: readonly string[]): readonly MeshTarget[] => [
  ...called,
  ...names
    .filter((name) => !called.some((target) => target.name === name))
    .map((name) => ({ name, labels: labelsOf(name), port: 8080, callers: [] })),
];

export const meshServices = everyService(
  targets.filter(isService),
  services.map(({ name }) => name),
);

/** Health and metrics: asked by the kubelet and by Prometheus, which are in no mesh. NetworkPolicies say who reaches them. */
export const unmeshed: readonly MeshTarget[] = [
  ...meshServices.map(({ name, labels }) => ({ name, labels, port: 9090, callers: [], open: true }) as const),
  { name: 'nats', labels: labelsOf('nats'), port: 8222, callers: [], open: true },
];
