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

/** Combines amounts by resource; a resource that only one side has stays unchanged. */
function combined(a: Amounts, b: Amounts, combine: (a: number, b: number) => number): Amounts {
  const both = Object.entries(b).map(([name, amount]) => [name, name in a ? combine(a[name]!, amount) : amount]);
  return { ...a, ...(Object.fromEntries(both) as Amounts) };
}
export const sum = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x + y);
const larger = (a: Amounts, b: Amounts): Amounts => combined(a, b, Math.max);
export const times = (amounts: Amounts, count: number): Amounts =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount * count]));

/**
 * A container as the API server stores it: a request that is left out is the limit, and the LimitRange fills in the
 * rest.
 */
export function containerSize({ resources }: IContainer, ranges: readonly ILimitRangeItem[]): Size {
  const defaults = Object.assign({}, ...ranges.map((range) => amountsOf(range.default))) as Amounts;
  const defaultRequests = Object.assign({}, ...ranges.map((range) => amountsOf(range.defaultRequest))) as Amounts;
  const limits = amountsOf(resources?.limits);
  return {
    limits: { ...defaults, ...limits },
    requests: { ...defaults, ...defaultRequests, ...limits, ...amountsOf(resources?.requests) },
  };
}

/**
 * What a pod counts for, as the scheduler and the quotas see it (k8s.io/component-helpers, PodRequests and PodLimits):
 * all containers and sidecars together, or the largest init container beside the sidecars that run by then, whichever
 * is more.
 */
export function podSize({ initContainers = [], containers }: IPodSpec, ranges: readonly ILimitRangeItem[] = []): Size {
  const side = (of: (size: Size) => Amounts): Amounts => {
    let [sidecars, starting]: [Amounts, Amounts] = [{}, {}];
    for (const container of initContainers) {
      const beside = sum(sidecars, of(containerSize(container, ranges)));
      starting = larger(starting, beside);
      if (container.restartPolicy === 'Always') sidecars = beside;
    }
    const running = containers.reduce((all, each) => sum(all, of(containerSize(each, ranges))), sidecars);
    return larger(running, starting);
  };
  return { requests: side(({ requests }) => requests), limits: side(({ limits }) => limits) };
}
