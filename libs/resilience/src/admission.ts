import { Overloaded } from './errors.js';
import { observeAdmissions, shedCounter, waitDuration } from './instruments.js';
import { startTimer } from './timer.js';
import { workKinds, type WorkKind } from './work.js';

/** Gives a slot back; further calls do nothing. */
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

/** How long a measured pace holds when no new one is measured, milliseconds. */
const memoryMs = 5_000;
const smoothing = 0.2;

/** The work of one kind that holds a slot or queues for one, first come first served. */
class Queue {
  active = 0;
  /** Number of the last slot given to this kind; smaller is longer ago. */
  servedAs = 0;
  readonly waiting = new Set<Waiter>();
  private paceMs = 0;
  private movedAt = -Infinity;

  constructor(readonly kind: WorkKind) {}

  /** How long one more would wait, at the pace at which the queue moved lately. */
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
 * Shares slots among the kinds of work of a process. Any kind takes a free slot at once. While all are taken, the next
 * one goes to the kind that holds the fewest, and among equals to the one served longest ago ("max-min fairness"): with
 * three kinds queueing, each has a third of the slots, even of a single one, and no slot stays free for a kind that has
 * nothing to do.
 *
 * The caller limits the wait. Work that would not get its turn in time is refused at once: it would only make the work
 * behind it late as well.
 */
export class Admission {
  private active = 0;
  private served = 0;
  private readonly queues: Readonly<Record<WorkKind, Queue>>;
  private readonly now: () => number;

  /**
   * @param name   A metric label: `database`.
   * @param slots How many pieces of work may run at once.
   * @param now    Milliseconds of a clock that never goes back. Default performance.now.
   */
  constructor(
    readonly name: string,
    readonly slots: number,
    now: () => number = () => performance.now(),
  ) {
    this.now = now;
    this.queues = { request: new Queue('request'), message: new Queue('message'), background: new Queue('background') };
    registry.add(this);
  }

  /**
   * Takes a slot, and waits for one if need be.
   * @param limitMs The longest wait, milliseconds. Default: any.
   * @param signal  Ends the waiting. Its reason is thrown.
   * @throws Overloaded at once, or after `limitMs`.
   */
  async acquire(kind: WorkKind, limitMs = Infinity, signal?: AbortSignal): Promise<Release> {
    signal?.throwIfAborted();
    const queue = this.queues[kind];
    // A queue means that all slots are taken: each one that is released is handed on.
    if (this.active < this.slots) return this.take(queue);
    const hopeless = queue.waiting.size >= this.slots && queue.expectedMs(this.now()) > limitMs;
    if (hopeless || limitMs <= 0) throw this.shed(queue, 'expected');
    return this.wait(queue, limitMs, signal);
  }

  /** Refuses all queued work, because what the slots stand for is gone. */
  refuseAll(error: Error): void {
    for (const { waiting } of Object.values(this.queues)) for (const waiter of [...waiting]) waiter.refuse(error);
  }

  /** True while every slot is taken. */
  get isFull(): boolean {
    return this.active >= this.slots;
  }

  get queued(): number {
    return workKinds.reduce((sum, kind) => sum + this.queues[kind].waiting.size, 0);
  }

  state(): AdmissionState {
    const entries = workKinds.map((kind) => {
      const { active, waiting } = this.queues[kind];
      return [kind, { active, queued: waiting.size }] as const;
    });
    return { name: this.name, slots: this.slots, kinds: Object.fromEntries(entries) as AdmissionState['kinds'] };
  }

  /** Ends the metrics. */
  close(): void {
    registry.delete(this);
  }

  private wait(queue: Queue, limitMs: number, signal?: AbortSignal): Promise<Release> {
    return new Promise<Release>((resolve, reject) => {
      const leaveQueue = (): void => {
        queue.waiting.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        since: this.now(),
        admit: () => {
          leaveQueue();
          resolve(this.take(queue));
        },
        refuse: (error) => {
          leaveQueue();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.refuse(signal?.reason as Error);
      const expire = (): void => waiter.refuse(this.shed(queue, 'expired'));
      const timer = Number.isFinite(limitMs) ? startTimer(limitMs, expire) : undefined;
      signal?.addEventListener('abort', onAbort);
      queue.waiting.add(waiter);
    });
  }

  private take(queue: Queue): Release {
    this.active += 1;
    queue.active += 1;
    queue.servedAs = this.served += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.active -= 1;
      queue.active -= 1;
      this.admitNext();
    };
  }

  private admitNext(): void {
    let next: Queue | undefined;
    for (const kind of workKinds) {
      const queue = this.queues[kind];
      if (queue.waiting.size > 0 && (!next || isBefore(queue, next))) next = queue;
    }
    if (!next) return;
    const waiter = next.waiting.values().next().value!;
    const now = this.now();
    next.moved(waiter, now);
    waitDuration.record((now - waiter.since) / 1_000, { admission: this.name, kind: next.kind });
    waiter.admit();
  }

  private shed({ kind, waiting }: Queue, reason: 'expected' | 'expired'): Overloaded {
    shedCounter.add(1, { admission: this.name, kind, reason });
    return new Overloaded(`too much work at the moment: ${waiting.size} are queueing for the ${this.name} already`);
  }
}

const isBefore = (a: Queue, b: Queue): boolean =>
  a.active === b.active ? a.servedAs < b.servedAs : a.active < b.active;

const registry = new Set<Admission>();
/** The state of every admission of this process. */
export const admissions = (): AdmissionState[] => [...registry].map((admission) => admission.state());
observeAdmissions(admissions);
