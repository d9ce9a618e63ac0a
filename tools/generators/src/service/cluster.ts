import type { Tree } from '@nx/devkit';
import type { ServicePlan } from './plan.js';

/** What one instance asks for on kind, MiB and millicores: as `payment`, which also works by messages. */
const kind = { cpuM: 50, memoryMi: 192 };
/** With a pod of a roll-out beside the one that is there. */
const kindPods = 2;
const kindJob = { cpuM: 25, memoryMi: 112 };
/** Elsewhere: the sizes of k8s/base/service, and 12 pods and one of a roll-out, which the production overlay allows. */
const base = { cpuM: 250, memoryMi: 256 };
const basePods = 13;
const baseJob = { cpuM: 50, memoryMi: 112 };
/** Pods with a pool and the session of the relay each, and the Job: by DATABASE_POOL_MAX of the overlay. */
const kindConnections = kindPods * (4 + 1) + 1;
const stagingConnections = 7 * (5 + 1) + 1;
/** A connection takes 2.7 MiB once it has worked a little (k8s/overlays/kind/sizes.yaml). */
const memoryOf = (connections: number): number => Math.ceil((connections * 2.7) / 16) * 16;

const sizes = 'k8s/overlays/kind/sizes.yaml';
const autoscalers = 'k8s/overlays/kind/autoscalers.yaml';
const kindQuota = 'k8s/overlays/kind/quota.yaml';
const baseQuota = 'k8s/base/platform/resource-quota.yaml';
const postgres = 'k8s/components/postgres/stateful-set.yaml';

/** Gives the service its size on kind, and makes room for it in the quotas and for its pools in PostgreSQL. */
export function makeRoom(tree: Tree, plan: Pick<ServicePlan, 'name' | 'database'>): void {
  append(
    tree,
    sizes,
    `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${plan.name}
spec:
  template:
    spec:
      containers:
        - name: service
          resources:
            requests: { cpu: ${kind.cpuM}m, memory: ${kind.memoryMi}Mi }
            limits: { memory: ${kind.memoryMi}Mi }
`,
  );
  append(
    tree,
    autoscalers,
    `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${plan.name}
spec:
  # While it restarts, messages wait. A laptop has little room.
  minReplicas: 1
  maxReplicas: 1
`,
  );
  resize(tree, plan, 1);
}

/** Takes the room back that {@link makeRoom} made. */
export function takeRoomBack(tree: Tree, plan: Pick<ServicePlan, 'name' | 'database'>): void {
  for (const file of [sizes, autoscalers]) removeDocument(tree, file, plan.name);
  resize(tree, plan, -1);
}

function resize(tree: Tree, { database }: Pick<ServicePlan, 'database'>, sign: 1 | -1): void {
  const memory = database ? memoryOf(kindConnections) : 0;
  change(tree, kindQuota, (text) =>
    grow(text, 'services', {
      cpuM: sign * kindPods * kind.cpuM,
      memoryMi: sign * (kindPods * kind.memoryMi + memory),
      pods: sign * kindPods,
    }),
  );
  change(tree, baseQuota, (text) =>
    grow(text, 'services', {
      cpuM: sign * basePods * base.cpuM,
      memoryMi: sign * (basePods * base.memoryMi + (database ? memoryOf(stagingConnections) : 0)),
      pods: sign * basePods,
    }),
  );
  if (!database) return;
  change(tree, kindQuota, (text) =>
    grow(text, 'jobs', { cpuM: sign * kindJob.cpuM, memoryMi: sign * kindJob.memoryMi }),
  );
  change(tree, baseQuota, (text) =>
    grow(text, 'jobs', { cpuM: sign * baseJob.cpuM, memoryMi: sign * baseJob.memoryMi, pods: sign }),
  );
  change(tree, sizes, (text) => growPostgres(text, sign * kindConnections));
  change(tree, postgres, (text) => growPostgres(text, sign * stagingConnections));
}

function change(tree: Tree, file: string, by: (text: string) => string): void {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new Error(`${file}: there is no such file`);
  tree.write(file, by(text));
}

const between = '\n---\n';

const append = (tree: Tree, file: string, document: string): void =>
  change(tree, file, (text) => `${text.trimEnd()}${between}${document}`);

function removeDocument(tree: Tree, file: string, name: string): void {
  change(tree, file, (text) => {
    const documents = text.trimEnd().split(between);
    return `${documents.filter((each) => !new RegExp(`^ {2}name: ${name}$`, 'm').test(each)).join(between)}\n`;
  });
}

interface Amounts {
  readonly cpuM: number;
  readonly memoryMi: number;
  readonly pods?: number;
}

/** Adds to a ResourceQuota. What is negative makes it smaller. */
function grow(text: string, quota: string, { cpuM, memoryMi, pods = 0 }: Amounts): string {
  return text
    .split(between)
    .map((document) => {
      if (!document.includes(`\n  name: ${quota}\n`)) return document;
      return document
        .replace(/(requests\.cpu: )(\S+)/, (_, key: string, now: string) => key + cpuText(cpuOf(now) + cpuM))
        .replace(
          /((?:requests|limits)\.memory: )(\S+)/g,
          (_, key: string, now: string) => key + memoryText(mebibytesOf(now) + memoryMi),
        )
        .replace(/(\bpods: )'(\d+)'/, (_, key: string, now: string) => `${key}'${Number(now) + pods}'`);
    })
    .join(between);
}

const cpuOf = (text: string): number =>
  text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text.replaceAll("'", '')) * 1_000;
const cpuText = (cpuM: number): string => (cpuM % 1_000 === 0 ? `'${cpuM / 1_000}'` : `${cpuM}m`);
const mebibytesOf = (text: string): number => Number.parseInt(text, 10) * (text.endsWith('Gi') ? 1_024 : 1);
const memoryText = (mebibytes: number): string =>
  mebibytes % 1_024 === 0 ? `${mebibytes / 1_024}Gi` : `${mebibytes}Mi`;

/** More connections of the PostgreSQL in the cluster, and the memory that they take. */
function growPostgres(text: string, connections: number): string {
  const memory = Math.sign(connections) * memoryOf(Math.abs(connections));
  return text
    .split(between)
    .map((document) => {
      if (!document.includes('max_connections=')) return document;
      return document
        .replace(/max_connections=(\d+)/, (_, now: string) => `max_connections=${Number(now) + connections}`)
        .replaceAll(
          /(memory: )(\d+[MG]i)/g,
          (_, key: string, now: string) => key + memoryText(mebibytesOf(now) + memory),
        );
    })
    .join(between);
}
