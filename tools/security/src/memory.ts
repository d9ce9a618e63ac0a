import { readFileSync } from 'node:fs';
import type { AttackedSystem } from './attacked-system.js';

/** What a container of a service has in Kubernetes (k8s/base/service/deployment.yaml), MiB. */
export const mostMemoryMiB = 256;
/** The heap that Node.js takes there: 60 % of the container. */
export const heapOfContainer = `--max-old-space-size=${Math.floor(mostMemoryMiB * 0.6)} --max-semi-space-size=8`;

const everyMs = 100;

/**
 * Watches how much memory each process holds that the kernel could not take back: without the code that it has mapped
 * from files.
 * @returns stops it; the most of each so far, MiB, by process. Empty where the kernel does not tell.
 */
export function watchMemory({ inside }: Pick<AttackedSystem, 'inside'>): () => ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  const look = (): void => {
    for (const { id, pid } of inside?.system.services ?? []) {
      const mib = anonymousMiB(pid);
      if (mib > 0) most.set(id, Math.max(mib, most.get(id) ?? 0));
    }
  };
  const timer = setInterval(look, everyMs).unref();
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}

/** 0 if it has ended, or this is not Linux. */
function anonymousMiB(pid: number | undefined): number {
  try {
    const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib ?? 0) / 1_024);
  } catch {
    return 0;
  }
}
