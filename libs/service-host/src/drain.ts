import { setTimeout as sleep } from 'node:timers/promises';
import type { HostState } from './host-state.js';

const everyMs = 50;

/**
 * Keeps serving after the request to stop: a client with an idle connection learns from its next response that it must
 * leave, instead of finding the connection cut.
 * @param atLeastMs Even without connections, because load balancers may still send clients, milliseconds.
 * @param atMostMs  Limit while connections are open, milliseconds. Ends as soon as none is left.
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
