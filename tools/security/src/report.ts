import type { AttackResult } from './attack.js';

/** One line for an attack, and one for each fault. */
export function lineOf({ id, about, outcome, requests, tookMs, faults }: AttackResult): string {
  const head = `${outcome.padEnd(10)} ${id}: ${about} (${requests} requests, ${seconds(tookMs)})`;
  return [head, ...faults.map((fault) => `             ${fault}`)].join('\n');
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** The whole run in Markdown. @param target What was attacked. */
export function reportOf(results: readonly AttackResult[], target: string): string {
  const count = (outcome: AttackResult['outcome']): number => results.filter((each) => each.outcome === outcome).length;
  const requests = results.reduce((sum, each) => sum + each.requests, 0);
  return [
    '# Attacks on the running system',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${target}: ${requests} requests, ${count('withstood')} attacks withstood, ` +
      `${count('FOUND')} with faults, ${count('left out')} left out.`,
    '',
    '| attack | requests | outcome |',
    '| --- | --- | --- |',
    ...results.map(({ id, requests: sent, outcome, faults }) => `| ${id} | ${sent} | ${outcome}${faultsOf(faults)} |`),
    '',
  ].join('\n');
}

const faultsOf = (faults: readonly string[]): string =>
  faults.map((fault) => `<br>${fault.replaceAll('|', '\\|').replaceAll('<', '&lt;')}`).join('');
