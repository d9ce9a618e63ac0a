import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ICronJob, IJob, IJobSpec } from 'kubernetes-models/batch/v1';
import type { Manifest, Rendered, Workload } from '../objects.js';
import { scalersFor } from '../scalers.js';

/** How many pods of a workload there may be at the same time. */
export interface Copies {
  /** When nothing happens. 0 for Jobs, which end. */
  readonly rest: number;
  /** Scaled up as far as its autoscaler goes; for a Job, as many as run side by side. */
  readonly most: number;
  /** Besides these while a version rolls out. */
  readonly surge: number;
  /** Why the number is unknown. */
  readonly unbounded?: string;
}

const ends = ({ kind }: Workload): boolean => kind === 'Job' || kind === 'CronJob';

/**
 * Pods that are being deleted are left out. They count until they are gone, but that is within their grace, so they
 * delay other pods and never keep them from starting.
 */
export function copiesOf(rendered: Rendered, { body }: Manifest<Workload>): Copies {
  if (ends(body)) return { rest: 0, surge: 0, ...runsOf(body as IJob | ICronJob) };
  const { kind, spec } = body;
  const [scaler] = scalersFor(rendered, body);
  const replicas = (spec as { replicas?: number } | undefined)?.replicas ?? 1;
  const most = scaler ? scaler.max : replicas;
  return {
    rest: scaler ? scaler.min : replicas,
    most,
    surge: kind === 'Deployment' ? surgeOf(body as IDeployment, most) : 0,
    ...(kind === 'DaemonSet' && { unbounded: 'there is one per node, and the nodes are unknown' }),
  };
}

/** `maxSurge` as the Deployment controller counts it: a share is rounded up, and 25 % where nothing is said. */
function surgeOf({ spec }: IDeployment, replicas: number): number {
  const { type = 'RollingUpdate', rollingUpdate } = spec?.strategy ?? {};
  if (type === 'Recreate') return 0;
  const surge = rollingUpdate?.maxSurge ?? '25%';
  return typeof surge === 'number' ? surge : Math.ceil((replicas * Number.parseInt(surge, 10)) / 100);
}

function runsOf(body: IJob | ICronJob): Pick<Copies, 'most' | 'unbounded'> {
  const most = sideBySide(body.kind === 'CronJob' ? body.spec?.jobTemplate.spec : body.spec);
  // Replace ends the run before it starts the next.
  const overlaps = body.kind === 'CronJob' && !['Forbid', 'Replace'].includes(body.spec?.concurrencyPolicy ?? 'Allow');
  return { most, ...(overlaps && { unbounded: 'a run may begin while others still run: concurrencyPolicy is Allow' }) };
}

/** A try that failed has ended, and no longer counts when the next one starts. */
const sideBySide = ({ parallelism = 1, completions = parallelism }: Partial<IJobSpec> = {}): number =>
  Math.min(parallelism, completions);
