import type { Command } from '@causeway/launcher/run';
import { Refused, run } from './run.js';

interface Requirement {
  readonly name: string;
  readonly version: Command;
  /** Finds `1.31` in what the command prints. */
  readonly pattern: RegExp;
  readonly atLeast: readonly [major: number, minor: number];
  readonly get: string;
}

const docker: Requirement = {
  name: 'docker',
  version: ['docker', 'version', '--format', '{{.Server.Version}}'],
  pattern: /^(\d+)\.(\d+)/m,
  atLeast: [20, 10],
  get: 'docs.docker.com/engine/install; it must be running, and you must be allowed to use it',
};
const kind: Requirement = {
  name: 'kind',
  version: ['kind', 'version'],
  pattern: /v(\d+)\.(\d+)/,
  // Enforces NetworkPolicies from this version on.
  atLeast: [0, 24],
  get: 'kind.sigs.k8s.io/docs/user/quick-start/#installation, one file',
};
const kubectl: Requirement = {
  name: 'kubectl',
  version: ['kubectl', 'version', '--client'],
  pattern: /Client Version: v(\d+)\.(\d+)/,
  atLeast: [1, 29],
  get: 'kubernetes.io/docs/tasks/tools, one file',
};

/** What the steps of a run need. @throws Refused that lists everything missing or too old, and where to get it. */
export async function checkRequirements(needs: { docker: boolean; kind: boolean }): Promise<string[]> {
  const all = [...(needs.docker ? [docker] : []), ...(needs.kind ? [kind] : []), kubectl];
  const results = await Promise.all(all.map(async (each) => ({ each, found: await versionOf(each) })));
  const missing = results.filter(({ each, found }) => !found || older(found, each.atLeast));
  if (missing.length === 0) return results.map(({ each, found }) => `${each.name} ${found?.join('.')}`);
  const lines = missing.map(
    ({ each, found }) =>
      `  ${each.name} ${each.atLeast.join('.')} or later: ${found ? `this is ${found.join('.')}` : 'not found, or it does not answer'}. Get it: ${each.get}`,
  );
  throw new Refused(`Something is missing on this machine:\n${lines.join('\n')}`);
}

async function versionOf({ version, pattern }: Requirement): Promise<[number, number] | undefined> {
  const result = await run(version, { timeoutMs: 20_000 }).catch(() => undefined);
  const [, major, minor] = pattern.exec(result?.code === 0 ? result.stdout : '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

const older = ([major, minor]: [number, number], [wantedMajor, wantedMinor]: readonly [number, number]): boolean =>
  major < wantedMajor || (major === wantedMajor && minor < wantedMinor);

/** The server's version: what the manifests use exists from 1.31 on. @throws Refused */
export async function checkServer(kubectlOf: {
  json<T>(args: readonly string[]): Promise<T>;
  context: string;
}): Promise<string> {
  const { serverVersion } = await kubectlOf.json<{ serverVersion?: { major: string; minor: string } }>(['version']);
  const [major, minor] = [
    Number.parseInt(serverVersion?.major ?? '0', 10),
    Number.parseInt(serverVersion?.minor ?? '0', 10),
  ];
  if (older([major, minor], [1, 31]))
    throw new Refused(
      `The cluster of ${kubectlOf.context} is Kubernetes ${major}.${minor}; the manifests need 1.31 or later.`,
    );
  return `Kubernetes ${major}.${minor}`;
}
