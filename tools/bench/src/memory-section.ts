import { join } from 'node:path';
import { inFolder } from './infrastructure.js';
import { residentBytes } from './memory.js';
import { OrderLoad } from './orders/load.js';
import { placeAll, startMeasured } from './orders/measured-system.js';
import type { Section } from './section.js';

/** Resident memory of the services over the orders of one life, as the launcher starts them. */
export const memory: Section = {
  name: 'memory',
  title: 'Memory over the orders of one life',
  long: true,
  run: ({ quick, say }) =>
    inFolder(async (folder) => {
      const marks = quick ? [20, 40] : [2_000, 10_000, 30_000, 100_000];
      const system = await startMeasured(join(folder, 'system'), {});
      try {
        const load = await OrderLoad.of(system);
        const megabytes = () => system.services.map(({ pid }) => String(Math.round(residentBytes(pid) / 1_048_576)));
        const rows = [['0', ...megabytes()]];
        let placed = 0;
        for (const mark of marks) {
          // In portions: a list of all latencies would be the benchmark's own memory, but the machine's as well.
          for (; placed < mark; placed += Math.min(2_000, marks[0]!)) await placeAll(load, Math.min(2_000, marks[0]!));
          say(`${placed} orders`);
          rows.push([String(placed), ...megabytes()]);
        }
        await load.close();
        return [
          {
            title: 'Resident memory, MB',
            columns: ['orders', ...system.services.map(({ id }) => id)],
            rows,
            note: 'Aim: at most 200 MB after 10,000 orders, and flat from there to 100,000. Nothing limits the old generation here; the manifests do.',
          },
        ];
      } finally {
        await system.stop();
      }
    }),
};
