import type { AttackedSystem } from './attacked-system.js';

/** One way to attack the running system. It changes nothing that another attack needs. */
export interface Attack {
  /** `tokens/forged`: what `--only` selects and what a protection names. */
  readonly id: string;
  /** What is tried, and what must come of it, in one line. */
  readonly about: string;
  /** Also part of `npm test`, where {@link AttackedSystem.thorough} is false. */
  readonly fast?: boolean;
  /** Needs more than the public address: processes, logs, or credentials of services. Left out with `--target`. */
  readonly inside?: boolean;
  /** Calls `found` for everything that must not be; ends early only if it cannot go on. */
  run(system: AttackedSystem, found: Found): Promise<void>;
}

/** Takes a fault in one line: what was sent, and what came of it. */
export type Found = (fault: string) => void;

export interface AttackResult {
  readonly id: string;
  readonly about: string;
  readonly outcome: 'withstood' | 'FOUND' | 'left out';
  readonly requests: number;
  /** `200×12 422×30` */
  readonly answers: string;
  /** The most memory that a process held meanwhile, MiB; 0 where nobody tells. */
  readonly mostMiB: number;
  /** Milliseconds. */
  readonly tookMs: number;
  /** Without repetitions. */
  readonly faults: readonly string[];
}
