import { format, resolveConfig } from 'prettier';
import type { AttackResult } from './attack.js';
import { recordedProofs } from './prove/prove.js';
import { protections } from './prove/protections.js';

/** One line for an attack, and one for each fault. */
export function lineOf({ id, about, outcome, requests, answers, mostMiB, tookMs, faults }: AttackResult): string {
  const head = `${outcome.padEnd(10)} ${id}: ${about} (${requests} requests, ${answers || 'raw'}, ${mostMiB} MiB, ${seconds(tookMs)})`;
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
    '| attack | requests | answers | memory | took | outcome |',
    '| --- | --- | --- | --- | --- | --- |',
    ...results.map(
      ({ id, requests: sent, answers, mostMiB, tookMs, outcome, faults }) =>
        `| ${id} | ${sent} | ${answers} | ${mostMiB || '–'} MiB | ${seconds(tookMs)} | ${outcome}${faultsOf(faults)} |`,
    ),
    '',
    '## Protections',
    '',
    'Each was taken away once, and its attack seen to find something: `npm run test:security -- --prove`.',
    '',
    '| protection | where | attack | seen missing | what was found |',
    '| --- | --- | --- | --- | --- |',
    ...protections.map(({ about, file, attack }) => {
      const { on = 'never', fault = '' } = recordedProofs()[about] ?? {};
      return `| ${about} | \`${file}\` | ${attack} | ${on} | ${escaped(fault)} |`;
    }),
    '',
  ].join('\n');
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const faultsOf = (faults: readonly string[]): string => faults.map((fault) => `<br>${escaped(fault)}`).join('');

/** As the formatter would write it: a report that is committed passes lint. */
export const markdown = async (file: string, report: string): Promise<string> =>
  format(report, { ...(await resolveConfig(file)), parser: 'markdown' });
