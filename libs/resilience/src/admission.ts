import { Overloaded } from './errors.js';
import { observeAdmissions, shedCounter, waitDuration } from './instruments.js';
import { startTimer } from './timer.js';
import { workKinds, type WorkKind } from './work.js';

/** Gives the slot back; further calls do nothing. */
export type Release = () => void;

/** What `/governance` shows. */
export interface AdmissionState {
  readonly name: string;
  readonly slots: number;
  readonly kinds: Readonly<Record<WorkKind, { readonly active: number; readonly queued: number }>>;
}

interface Waiter {
  readonly since: number;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/** How long a measured pace is believed once nothing is measured any more, milliseconds. */
const memoryMs = 5_000;
const smoothing = 0.2;

/** Those of one kind that hold a slot or wait for one, first come first served. */
class Line {
  active = 0;
  /** Number of the last slot given to this line; smaller is longer ago. */
  servedAs = 0;
  readonly waiting = new Set<Waiter>();
  private paceMs = 0;
  private movedAt = -Infinity;

  constructor(readonly kind: WorkKind) {}

  /** How long one more would wait, by the pace at which the line moved lately. */
  expectedMs(now: number): number {
    const pace = this.paceMs * Math.exp(-Math.max(0, now - this.movedAt) / memoryMs);
    return (this.waiting.size + 1) * pace;
  }

  moved(first: Waiter, now: number): void {
    const took = now - Math.max(this.movedAt, first.since);
    this.paceMs = this.paceMs === 0 ? took : this.paceMs + smoothing * (took - this.paceMs);
    this.movedAt = now;
  }
}

/**
 * Shares slots out among the kinds of work of a process. A slot that is free is taken at once, by whomever; while all are taken, the next one
 * goes to the kind that holds the fewest, of several to the one that was served longest ago ("max-min fairness"): with three kinds waiting
 * each has a third of the slots, also of a single one, and nothing is kept free for a kind that has nothing to do.
 *
 * Waiting is bounded by its caller's limit. Work that is expected not to get its turn in time is refused at once: it would only make those
 * behind it late as well.
 */
export class Admission {
  private active = 0;
  private served = 0;
  private readonly lines: Readonly<Record<WorkKind, Line>>;
  private readonly now: () => number;

  /**
   * @param name   A metric label: `database`.
   * @param slots How many may be inside at once.
   * @param now    Milliseconds of a clock that never goes back. Default performance.now.
   */
  constructor(
    readonly name: string,
    readonly slots: number,
    now: () => number = () => performance.now(),
  ) {
    this.now = now;
    this.lines = { request: new Line('request'), message: new Line('message'), background: new Line('background') };
    registry.add(this);
  }

  /**
   * Waits for a slot.
   * @param limitMs The longest wait, milliseconds. Default: any.
   * @param signal  Ends the waiting. Its reason is thrown.
   * @throws Overloaded at once, or after `limitMs`.
   */
  async acquire(kind: WorkKind, limitMs = Infinity, signal?: AbortSignal): Promise<Release> {
    signal?.throwIfAborted();
    const line = this.lines[kind];
    // Whenever somebody waits all slots are taken: each one that is left is handed on.
    if (this.active < this.slots) return this.take(line);
    const hopeless = line.waiting.size >= this.slots && line.expectedMs(this.now()) > limitMs;
    if (hopeless || limitMs <= 0) throw this.shed(line, 'expected');
    return this.wait(line, limitMs, signal);
  }

  /** Refuses everybody who waits, because what they wait for is gone. */
  refuseAll(error: Error): void {
    for (const { waiting } of Object.values(this.lines)) for (const waiter of [...waiting]) waiter.refuse(error);
  }

  /** True while every slot is taken. */
  get isFull(): boolean {
    return this.active >= this.slots;
  }

  get queued(): number {
    return workKinds.reduce((sum, kind) => sum + this.lines[kind].waiting.size, 0);
  }

  state(): AdmissionState {
    const entries = workKinds.map((kind) => {
      const { active, waiting } = this.lines[kind];
      return [kind, { active, queued: waiting.size }] as const;
    });
    return { name: this.name, slots: this.slots, kinds: Object.fromEntries(entries) as AdmissionState['kinds'] };
  }

  /** Ends the metrics. */
  close(): void {
    registry.delete(this);
  }

  private wait(line: Line, limitMs: number, signal?: AbortSignal): Promise<Release> {
    return new Promise<Release>((resolve, reject) => {
      const leaveLine = (): void => {
        line.waiting.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        since: this.now(),
        admit: () => {
          leaveLine();
          resolve(this.take(line));
        },
        refuse: (error) => {
          leaveLine();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.refuse(signal?.reason as Error);
      const expire = (): void => waiter.refuse(this.shed(line, 'expired'));
      const timer = Number.isFinite(limitMs) ? startTimer(limitMs, expire) : undefined;
      signal?.addEventListener('abort', onAbort);
      line.waiting.add(waiter);
    });
  }

  private take(line: Line): Release {
    this.active += 1;
    line.active += 1;
    line.servedAs = this.served += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.active -= 1;
      line.active -= 1;
      this.admitNext();
    };
  }

  private admitNext(): void {
    let next: Line | undefined;
    for (const kind of workKinds) {
      const line = this.lines[kind];
      if (line.waiting.size > 0 && (!next || isBefore(line, next))) next = line;
    }
    if (!next) return;
    const waiter = next.waiting.values().next().value!;
    const now = this.now();
    next.moved(waiter, now);
    waitDuration.record((now - waiter.since) / 1_000, { admission: this.name, kind: next.kind });
    waiter.admit();
  }

  private shed({ kind, waiting }: Line, reason: 'expected' | 'expired'): Overloaded {
    shedCounter.add(1, { admission: this.name, kind, reason });
    return new Overloaded(`too much work at the moment: ${waiting.size} wait for the ${this.name} already`);
  }
}

const isBefore = (a: Line, b: Line): boolean => (a.active === b.active ? a.servedAs < b.servedAs : a.active < b.active);

const registry = new Set<Admission>();
/** The state of every admission of this process. */
export const admissions = (): AdmissionState[] => [...registry].map((admission) => admission.state());
observeAdmissions(admissions);
