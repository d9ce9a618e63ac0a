import type { Attack, AttackResult } from './attack.js';
import type { AttackedSystem } from './attacked-system.js';
import { mostMemoryMiB, watchMemory } from './memory.js';
import { prepare } from './prepare.js';

/** Faults of one attack that are kept; more of them say nothing new. */
const mostFaults = 50;
/** What a service logs when something happened that nobody foresaw. */
const unforeseen = /^.*(?:unexpected error|unhandled|uncaught|"code":"INTERNAL").*$/gim;

/**
 * Carries out attacks one after the other. After each, every process must still be the one that was started and have held no
 * more than a container has, no service may have logged an error that nobody foresaw, and the victim must be served.
 * @param report Called after each attack.
 */
export async function runAttacks(
  system: AttackedSystem,
  attacks: readonly Attack[],
  report: (result: AttackResult) => void = () => undefined,
): Promise<readonly AttackResult[]> {
  await prepare(system);
  const results: AttackResult[] = [];
  for (const attack of attacks) {
    const result = attack.inside && !system.inside ? leftOut(attack) : await runAttack(system, attack);
    results.push(result);
    report(result);
  }
  return results;
}

const leftOut = ({ id, about }: Attack): AttackResult => ({
  ...{ id, about, requests: 0, answers: '', mostMiB: 0, tookMs: 0, faults: [] },
  outcome: 'left out',
});

export async function runAttack(system: AttackedSystem, { id, about, run }: Attack): Promise<AttackResult> {
  const begun = performance.now();
  const before = system.http.requests;
  const pids = pidsOf(system);
  const logged = (await system.logs()).length;
  const watched = watchMemory(system);
  const faults = new Set<string>();
  const found = (fault: string): void => void (faults.size < mostFaults && faults.add(fault));
  try {
    await run(system, found);
  } catch (error) {
    found(`the attack could not go on: ${error instanceof Error ? error.message : String(error)}`);
  }
  const memory = watched();
  const requests = system.http.requests - before;
  const answers = system.http.takeStatuses();
  if (pidsOf(system) !== pids) found('a service has ended');
  for (const [line] of (await system.logs()).slice(logged).matchAll(unforeseen)) found(`logged: ${line.slice(0, 400)}`);
  for (const [service, mib] of memory) if (mib > mostMemoryMiB) found(`${service} held ${mib} MiB`);
  if (!(await isServed(system))) found('the victim is no longer served');
  return {
    ...{ id, about, requests, answers, mostMiB: Math.max(0, ...memory.values()) },
    outcome: faults.size === 0 ? 'withstood' : 'FOUND',
    tookMs: Math.round(performance.now() - begun),
    faults: [...faults],
  };
}

/** Changes when a process ends. */
const pidsOf = ({ inside }: AttackedSystem): string =>
  (inside?.system.services ?? []).map(({ id, pid, running }) => `${id} ${running ? pid : 'ended'}`).join();

async function isServed({ http, victim }: AttackedSystem): Promise<boolean> {
  const authorization = `Bearer ${await victim.issued()}`;
  const { status } = await http.send({ method: 'GET', path: '/v1/users/me', headers: { authorization } });
  return status === 200;
}
