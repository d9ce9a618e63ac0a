import { join } from 'node:path';
import { Kubectl, namespace } from './kubectl.js';
import type { Options } from './options.js';
import { root } from './places.js';
import { must } from './run.js';

const clusters = async (): Promise<string[]> =>
  (await must(['kind', 'get', 'clusters'])).split('\n').map((line) => line.trim());

/** Creates the kind cluster, unless it is there. */
export async function ensureCluster(name: string, say: (line: string) => void): Promise<void> {
  if ((await clusters()).includes(name)) return say(`the kind cluster ${name} is there`);
  say(`creating the kind cluster ${name}; the first time its image is pulled`);
  await must(
    ['kind', 'create', 'cluster', '--name', name, '--config', join(root, 'tools/kind/cluster.yaml'), '--wait', '180s'],
    {
      output: 'inherit',
      timeoutMs: 900_000,
    },
  );
}

/** Deletes our kind cluster; of a foreign cluster only our namespace, with everything in it. */
export async function takeDown({ cluster, context }: Options, say: (line: string) => void): Promise<void> {
  if (cluster === undefined) {
    say(`deleting the namespace ${namespace} of ${context}, with all data`);
    await new Kubectl(context).must(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=180s'], {
      timeoutMs: 200_000,
    });
    return;
  }
  if (!(await clusters()).includes(cluster)) return say(`there is no kind cluster ${cluster}`);
  await must(['kind', 'delete', 'cluster', '--name', cluster], { timeoutMs: 180_000 });
  say(`the kind cluster ${cluster} is gone`);
}
