import { chance } from './chance.js';

export interface WebhookChaos {
  readonly seed: number;
  /** Share of events that are sent twice, and of deliveries that are late, 0 to 1. */
  readonly ratio: number;
}

/** Longest delay of a late webhook, milliseconds: long enough to be overtaken by the events after it. */
const lateMs = 5_000;

/** Delays, in milliseconds, at which the webhook of a ledger entry is delivered: usually one of 0; now and then late, or twice. */
export function deliveryDelaysMs(seq: number, { seed, ratio }: WebhookChaos): number[] {
  const delay = (copy: number) =>
    chance(seed, seq, copy, 'late') < ratio ? Math.round(chance(seed, seq, copy, 'by') * lateMs) : 0;
  return chance(seed, seq, 'twice') < ratio ? [delay(1), delay(2)] : [delay(1)];
}
