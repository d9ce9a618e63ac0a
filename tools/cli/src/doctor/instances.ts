import { inspectInstances } from '../commands/services.js';
import type { SystemTarget } from '../target/target.js';
import type { DoctorCheck } from './check.js';

/** One check for each instance: what `causeway services` says about it. */
export async function instanceChecks(target: SystemTarget): Promise<DoctorCheck[]> {
  const inspected = await inspectInstances(target).catch((error: unknown) => error as Error);
  if (inspected instanceof Error) return [{ name: 'instances', finding: () => Promise.reject(inspected) }];
  return inspected.rows.map(({ instance, status = 'unknown', version, problems }) => ({
    name: instance,
    finding: () =>
      Promise.resolve({
        ok: problems.length === 0,
        detail: problems.length === 0 ? `${status}, ${version}` : problems.join('; '),
        remedy: 'npx causeway services, npx causeway logs --level warn',
      }),
  }));
}
