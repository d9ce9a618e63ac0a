import { statfs } from 'node:fs/promises';
import { nodeForServices, wantedPorts } from '@causeway/launcher/find-running';
import { isFree } from '@causeway/launcher/ports';
import { output } from '@causeway/launcher/run';
import { services } from '@causeway/system';
import { isAtLeast, type DoctorCheck } from './check.js';

const leastNode = '24.0.0';
/** Below it PostgreSQL and JetStream are about to stop writing. */
const leastFreeBytes = 1024 ** 3;

/** Of the services: this command runs on older ones, too. */
export const nodeCheck: DoctorCheck = {
  name: 'node',
  // Rejects with what to do when there is none.
  finding: async () => {
    const version = await output([nodeForServices(), '--version']);
    return { ok: isAtLeast(version.slice(1), leastNode), detail: version.slice(1), remedy: 'Install Node 24.' };
  },
};

export const diskChecks = (folders: readonly string[]): DoctorCheck[] =>
  folders.map((folder) => ({
    name: 'disk',
    finding: async () => {
      const { bavail, blocks, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const share = Math.round((bavail / blocks) * 100);
      return {
        ok: free >= leastFreeBytes,
        detail: `${(free / 1024 ** 3).toFixed(1)} GiB free (${share} %) at ${folder}`,
        remedy: 'Make room: databases and streams stop when the disk is full.',
      };
    },
  }));

/** The usual ports of a laptop. One that is in use is no obstacle: the launcher takes the next. */
export const freePortChecks = (): DoctorCheck[] => [
  {
    name: 'ports',
    finding: async () => {
      const wanted = [...Object.values(wantedPorts), ...services.flatMap(({ port }) => [port, port + 100])];
      const free = await Promise.all(wanted.map(isFree));
      const taken = wanted.filter((_, index) => !free[index]);
      return {
        ok: true,
        detail:
          taken.length === 0
            ? `all ${wanted.length} are free`
            : `${taken.join(', ')} in use; npm start takes the next that is free`,
      };
    },
  },
];
