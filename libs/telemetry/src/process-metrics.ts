import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { instruments, meter } from './metrics.js';
import { sharedReading } from './shared-reading.js';

/** Memory and event loop of this process, under the names of the semantic conventions where they have one. */
export function observeProcess(): void {
  const metrics = meter('causeway.process');
  const eventLoop = eventLoopReadings();

  metrics.gauge(instruments.processMemory, { unit: 'By', description: 'Resident memory' }, (observe) =>
    observe(process.memoryUsage.rss()),
  );
  metrics.gauge(instruments.heapUsed, { unit: 'By', description: 'Used heap' }, (observe) =>
    observe(process.memoryUsage().heapUsed),
  );
  metrics.gauge(
    instruments.eventLoopUtilization,
    { unit: '1', description: 'Share of the time since the last reading in which the event loop was busy' },
    (observe) => observe(eventLoop().utilization),
  );
  metrics.gauge(
    instruments.eventLoopDelayP99,
    { unit: 's', description: 'Event loop delay, 99th percentile since the last reading' },
    (observe) => observe(eventLoop().delayP99Seconds),
  );
}

interface EventLoopReading {
  readonly utilization: number;
  readonly delayP99Seconds: number;
}

/** @returns A function that says how busy the event loop was since the reading before. */
function eventLoopReadings(): () => EventLoopReading {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let before = performance.eventLoopUtilization();
  return sharedReading(() => {
    const current = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(current, before);
    before = current;
    const delayP99Seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return { utilization, delayP99Seconds };
  });
}
