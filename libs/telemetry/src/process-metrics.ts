import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { meter } from './metrics.js';

/** Memory and event loop of this process, under the names of the semantic conventions. Values cover the time since the last export. */
export function observeProcess(): void {
  const metrics = meter('causeway.process');
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let before = performance.eventLoopUtilization();

  metrics.gauge('process.memory.usage', { unit: 'By', description: 'Resident memory' }, (observe) =>
    observe(process.memoryUsage.rss()),
  );
  metrics.gauge('v8js.memory.heap.used', { unit: 'By', description: 'Used heap' }, (observe) =>
    observe(process.memoryUsage().heapUsed),
  );
  metrics.gauge('nodejs.eventloop.utilization', { unit: '1', description: 'Event loop utilisation' }, (observe) => {
    const current = performance.eventLoopUtilization();
    observe(performance.eventLoopUtilization(current, before).utilization);
    before = current;
  });
  metrics.gauge('nodejs.eventloop.delay.p99', { unit: 's', description: 'Event loop delay' }, (observe) => {
    observe(delay.percentile(99) / 1e9);
    delay.reset();
  });
}
