import type { IResourceQuota } from 'kubernetes-models/v1';
import { ofKind, type Rendered } from '../objects.js';
import { readable, thousandths } from '../quantity.js';
import { claimsOf, withPods, type Claim, type PodClaim } from './claims.js';
import type { Copies } from './copies.js';

/** What the pods of an overlay ask for: CPU in millicores, memory in MiB. */
export interface Total {
  readonly pods: number;
  readonly cpuM: number;
  readonly memoryMi: number;
}

export interface Totals {
  /** When nothing happens. */
  readonly atRest: Total;
  /** The first start: everything at rest, and every Job at once. */
  readonly firstStart: Total;
  /** The most there can be: every autoscaler at its end while every Deployment rolls out, and every Job at once. */
  readonly everything: Total;
}

const mebi = 1_000 * 2 ** 20;

const total = (claims: readonly PodClaim[], count: (copies: Copies) => number): Total =>
  claims.reduce(
    ({ pods, cpuM, memoryMi }, { pods: { size, copies } }) => ({
      pods: pods + count(copies),
      cpuM: cpuM + count(copies) * (size.requests['cpu'] ?? 0),
      memoryMi: memoryMi + (count(copies) * (size.requests['memory'] ?? 0)) / mebi,
    }),
    { pods: 0, cpuM: 0, memoryMi: 0 },
  );

const isJob = ({ manifest }: Claim): boolean => /Job$/.test(manifest.body.kind);

export function totalsOf(rendered: Rendered): Totals {
  const claims = claimsOf(rendered).filter(withPods);
  const [jobs, others] = [claims.filter(isJob), claims.filter((claim) => !isJob(claim))];
  const atRest = total(others, ({ rest }) => rest);
  const allJobs = total(jobs, ({ most }) => most);
  const grown = total(others, ({ most, surge }) => most + surge);
  return { atRest, firstStart: plus(atRest, allJobs), everything: plus(grown, allJobs) };
}

const plus = (a: Total, b: Total): Total => ({
  pods: a.pods + b.pods,
  cpuM: a.cpuM + b.cpuM,
  memoryMi: a.memoryMi + b.memoryMi,
});

/** What the quotas of a namespace that limit CPU and memory allow together. */
export function allowedBy(rendered: Rendered): Total {
  const hard = ofKind<IResourceQuota>(rendered, 'ResourceQuota').map(({ body }) => body.spec?.hard ?? {});
  const sum = (resource: string): number => hard.reduce((all, each) => all + thousandths(each[resource]), 0);
  return { pods: sum('pods') / 1_000, cpuM: sum('requests.cpu'), memoryMi: sum('requests.memory') / mebi };
}

/** The table of a README. */
export function budgetTable(rendered: Rendered): string {
  const { atRest, firstStart, everything } = totalsOf(rendered);
  const row = (what: string, { pods, cpuM, memoryMi }: Total): string =>
    `| **${what}** | ${pods} | ${cpuM} m | ${memoryMi} Mi |`;
  return [
    '| workload | pods | CPU request of one | memory request and limit of one |',
    '| --- | --- | ---: | ---: |',
    ...claimsOf(rendered).filter(withPods).map(workloadRow),
    row('at rest', atRest),
    row('first start: at rest, and every Job at once', firstStart),
    row('the most: scaled up as far as it goes, every Deployment rolling, every Job at once', everything),
    row('the quotas together', allowedBy(rendered)),
  ].join('\n');
}

function workloadRow({ manifest: { body }, pods: { size, copies } }: PodClaim): string {
  const { rest, most, surge } = copies;
  const range = rest === most ? `${rest}` : `${rest}–${most}`;
  const count = rest === 0 ? 'once' : `${range}${surge > 0 ? ` + ${surge}` : ''}`;
  const spaced = (resource: string): string =>
    readable(resource, size.requests[resource] ?? 0).replace(/(?=[A-Za-z]+$)/, ' ');
  return `| ${body.kind} \`${body.metadata.name}\` | ${count} | ${spaced('cpu')} | ${spaced('memory')} |`;
}
