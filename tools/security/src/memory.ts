import { readFileSync } from 'node:fs';
import type { AttackedSystem } from './attacked-system.js';

/** Resident memory that no process of a service may exceed after an attack, MiB. Idle ones have about 150. */
export const mostMemoryMiB = 512;

/** Resident memory of each process, MiB; empty where the kernel does not tell. */
export function memoryOf({ inside }: Pick<AttackedSystem, 'inside'>): ReadonlyMap<string, number> {
  const found = (inside?.system.services ?? []).flatMap(({ id, pid }): [string, number][] => {
    try {
      const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return kib === undefined ? [] : [[id, Math.round(Number(kib) / 1_024)]];
    } catch {
      return []; // it has ended, or this is not Linux
    }
  });
  return new Map(found);
}
