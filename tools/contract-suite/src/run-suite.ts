import type { Check } from './check.js';
import { checksOf } from './checks-of.js';
import type { SuiteTarget } from './target.js';
import { World } from './world.js';

/** How a check ended. `excepted`: it is broken, and the fixture says why that is right. */
export interface CheckResult {
  readonly id: string;
  readonly about: string;
  readonly outcome: 'passed' | 'failed' | 'excepted';
  /** What is broken; for an exception, its reason. */
  readonly detail?: string;
  /** Milliseconds. */
  readonly tookMs: number;
}

/**
 * Runs one check. An exception is run all the same: one that is not needed any more must go.
 * @param reason Why the fixture excepts it, if it does.
 */
export async function runCheck(world: World, { id, about, run }: Check, reason?: string): Promise<CheckResult> {
  const startedAt = performance.now();
  let failure: string | undefined;
  try {
    await run(world);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const ended = { id, about, tookMs: Math.round(performance.now() - startedAt) };
  if (reason === undefined)
    return failure === undefined ? { ...ended, outcome: 'passed' } : { ...ended, outcome: 'failed', detail: failure };
  if (failure !== undefined) return { ...ended, outcome: 'excepted', detail: reason };
  return {
    ...ended,
    outcome: 'failed',
    detail: 'the service keeps this promise; remove the exception from the fixture',
  };
}

/**
 * Runs the contract suite against a service, in a world of its own that is gone afterwards.
 * @param options.only Runs the checks whose id contains this text.
 * @param options.report Called after each check.
 */
export async function runSuite(
  target: SuiteTarget,
  {
    only = '',
    report = () => undefined,
  }: { readonly only?: string; readonly report?: (result: CheckResult) => void } = {},
): Promise<readonly CheckResult[]> {
  const checks = checksOf(target).filter(({ id }) => id.includes(only));
  if (checks.length === 0) throw new Error(`no check has "${only}" in its id`);
  const results: CheckResult[] = [];
  const world = await World.start(target);
  try {
    for (const check of checks) {
      const result = await runCheck(world, check, target.fixture.exceptions?.[check.id]);
      results.push(result);
      report(result);
    }
  } finally {
    await world.stop();
  }
  return results;
}
