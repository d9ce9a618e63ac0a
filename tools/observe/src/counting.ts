/**
 * PromQL for the series of a counter that appeared within a window, with their first values. A counter has no value
 * before its first event, so `increase` and `rate` never see that event: the second sample is the first difference.
 *
 * New is a series with fewer samples than its process was scraped in the same time. So an old counter of a process that
 * Prometheus has only just begun to scrape, or scrapes again after a gap, is not new.
 */
export const appeared = (counter: string, window: string): string =>
  `(min_over_time(${counter}[${window}])` +
  ` and count_over_time(${counter}[${window}]) < on (job, instance) group_left () sum_over_time(up[${window}])` +
  ` unless ${counter} offset ${window})`;

/** PromQL for how many events a counter saw in a window, over all processes: 0 where there were none. */
export const eventsIn = (counter: string, window: string): string =>
  `((sum(increase(${counter}[${window}])) or vector(0)) + (sum(${appeared(counter, window)}) or vector(0)))`;

/** PromQL for the series of a counter that saw an event in a window. */
export const anyIn = (counter: string, window: string): string =>
  `increase(${counter}[${window}]) > 0 or ${appeared(counter, window)} > 0`;
