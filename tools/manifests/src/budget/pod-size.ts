import type { IContainer, ILimitRangeItem, IPodSpec } from 'kubernetes-models/v1';
import { thousandths } from '../quantity.js';

/** Thousandths of cores, bytes or pieces, by resource. */
export type Amounts = Readonly<Record<string, number>>;

/** What a container or a pod asks for. */
export interface Size {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const amountsOf = (quantities: Readonly<Record<string, string | number>> = {}): Amounts =>
  Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, thousandths(quantity)]));

/** Resource by resource: what `combine` makes of both; what only one of them names stays as it is. */
function combined(a: Amounts, b: Amounts, combine: (a: number, b: number) => number): Amounts {
  const both = Object.entries(b).map(([name, amount]) => [name, name in a ? combine(a[name]!, amount) : amount]);
  return { ...a, ...(Object.fromEntries(both) as Amounts) };
}
export const sum = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x + y);
const larger = (a: Amounts, b: Amounts): Amounts => combined(a, b, Math.max);
export const times = (amounts: Amounts, count: number): Amounts =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount * count]));

/**
 * A container as the API server stores it. A request that is left out is the limit; what is still left out comes from the LimitRanges,
 * whose own defaults follow from one another (k8s.io/api, SetDefaults_LimitRangeItem).
 */
export function containerSize({ resources }: IContainer, ranges: readonly ILimitRangeItem[]): Size {
  const stated = amountsOf(resources?.limits);
  let size: Size = { limits: stated, requests: { ...stated, ...amountsOf(resources?.requests) } };
  for (const range of ranges.filter(({ type }) => type === 'Container')) {
    const limits = { ...amountsOf(range.max), ...amountsOf(range.default) };
    const requests = { ...amountsOf(range.min), ...limits, ...amountsOf(range.defaultRequest) };
    size = { limits: { ...limits, ...size.limits }, requests: { ...requests, ...size.requests } };
  }
  return size;
}

/**
 * What a pod counts for, as the scheduler and the quotas see it (k8s.io/component-helpers, PodRequests and PodLimits): all containers and
 * sidecars together, or the init container that needs most beside the sidecars already running, whichever is more; and the overhead.
 */
export function podSize(spec: IPodSpec, ranges: readonly ILimitRangeItem[] = []): Size {
  const overhead = amountsOf(spec.overhead);
  const side = (of: (size: Size) => Amounts): Amounts => {
    let [sidecars, starting]: Amounts[] = [{}, {}] as [Amounts, Amounts];
    for (const container of spec.initContainers ?? []) {
      const beside = sum(sidecars!, of(containerSize(container, ranges)));
      starting = larger(starting!, beside);
      if (container.restartPolicy === 'Always') sidecars = beside;
    }
    const running = spec.containers.reduce((all, each) => sum(all, of(containerSize(each, ranges))), sidecars!);
    return larger(running, starting!);
  };
  const limits = side((size) => size.limits);
  return {
    requests: sum(
      side((size) => size.requests),
      overhead,
    ),
    limits: sum(limits, Object.fromEntries(Object.entries(overhead).filter(([name]) => name in limits))),
  };
}
