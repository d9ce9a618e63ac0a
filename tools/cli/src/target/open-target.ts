import { join, resolve } from 'node:path';
import { nearestFolder, repository } from '@causeway/launcher/find-running';
import { WrongUsage } from '../failure.js';
import type { SystemTarget } from './target.js';

/** Options of every command: where the system runs. */
export interface TargetOptions {
  readonly folder?: string;
  readonly compose?: string | true;
  readonly context?: string;
  readonly inside?: true;
  readonly namespace?: string;
}

/** Opens what the options name; without any, the system of a laptop. */
export async function openTarget({
  folder,
  compose,
  context,
  inside,
  namespace,
}: TargetOptions): Promise<SystemTarget> {
  if ([folder, compose, context, inside].filter((given) => given !== undefined).length > 1)
    throw new WrongUsage('--folder, --compose, --context and --inside are places; name one');
  if (namespace !== undefined && context === undefined) throw new WrongUsage('--namespace goes with --context');
  if (context !== undefined) {
    const { kubernetesTarget } = await import('./kubernetes.js');
    return kubernetesTarget(context, namespace ?? 'causeway');
  }
  if (inside) {
    const { insideTarget } = await import('./inside.js');
    return insideTarget(process.env);
  }
  if (compose !== undefined) {
    const { composeTarget } = await import('./compose.js');
    return composeTarget(compose === true ? join(repository, 'docker', 'compose.yaml') : resolve(compose));
  }
  const { laptopTarget } = await import('./laptop.js');
  return laptopTarget(folder === undefined ? nearestFolder(process.cwd()) : resolve(folder));
}
