import { chance } from './chance.js';

export interface WebhookChaos {
  readonly seed: number;
  /** Share of events delivered twice, and of deliveries that are late, 0 to 1. */
  readonly ratio: number;
}

/** Longest delay of a late delivery, milliseconds: long enough for later events to overtake it. */
const lateMs = 5_000;

/** Returns the delays of an event's deliveries, milliseconds: usually a single 0; sometimes late, or two of them. */
export function deliveryDelaysMs(seq: number, { seed, ratio }: WebhookChaos): number[] {
  const delay = (copy: number) =>
    chance(seed, seq, copy, 'late') < ratio ? Math.round(chance(seed, seq, copy, 'by') * lateMs) : 0;
  return chance(seed, seq, 'twice') < ratio ? [delay(1), delay(2)] : [delay(1)];
}
