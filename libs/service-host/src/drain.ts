import { setTimeout as sleep } from 'node:timers/promises';
import type { HostState } from './host-state.js';

const everyMs = 50;

/**
 * Goes on serving after the request to stop, so that whoever has an idle connection is told to leave by its next answer, and does not find
 * it cut.
 * @param atLeastMs Also when nobody is connected: load balancers may still send somebody.
 * @param atMostMs  Ends earlier when no connection is open any more.
 */
export async function drain(host: HostState, atLeastMs: number, atMostMs: number): Promise<void> {
  const beganAt = performance.now();
  for (;;) {
    const limitMs = host.connections > 0 ? Math.max(atLeastMs, atMostMs) : atLeastMs;
    const leftMs = limitMs - (performance.now() - beganAt);
    if (leftMs <= 0) return;
    await sleep(Math.min(everyMs, leftMs));
  }
}
