import { CodedError } from '@causeway/errors';
import { withTimeout } from '@causeway/resilience';
import type { HostState } from '../host-state.js';

/** Resolves when the part works. Rejects, or resolves with `false`, when it does not. */
export type ReadinessCheck = () => unknown;

export interface ReadinessPart {
  /** Names the part in the report: `database`. */
  readonly name: string;
  readonly check: ReadinessCheck;
  /**
   * Whether the instance gets no traffic while the part is down. Only for what the service owns, such as its database: if
   * a shared broker decided readiness, a blip would take out every instance of every service at once. Default true.
   */
  readonly required?: boolean;
  /** How long a check may take, milliseconds. Default 1 000. */
  readonly timeoutMs?: number;
}

export interface PartReport {
  readonly ok: boolean;
  readonly required: boolean;
  readonly ms: number;
  readonly detail?: string;
}

export interface ReadinessReport {
  readonly status: 'starting' | 'ready' | 'unavailable' | 'stopping';
  readonly parts: Readonly<Record<string, PartReport>>;
}

const parts = new Map<string, ReadinessPart>();

/**
 * Adds a part to `GET /health/ready` of this process; call it in `configureHttp`. A capability returns its part
 * instead. A second one of the same name replaces the first.
 * @returns A function that removes the part.
 */
export function registerReadiness(part: ReadinessPart): () => void {
  const { name } = part;
  parts.set(name, part);
  return () => void (parts.get(name) === part && parts.delete(name));
}

/** Runs every check at once. Ready means: started, not stopping, and every required part works. */
export async function readiness(host: HostState): Promise<ReadinessReport> {
  const reports = Object.fromEntries(
    await Promise.all([...parts].map(async ([name, part]) => [name, await report(part)] as const)),
  );
  const available = Object.values(reports).every(({ ok, required }) => ok || !required);
  if (host.isStopping) return { status: 'stopping', parts: reports };
  if (!host.started) return { status: 'starting', parts: reports };
  return { status: available ? 'ready' : 'unavailable', parts: reports };
}

async function report({ check, required = true, timeoutMs = 1_000 }: ReadinessPart): Promise<PartReport> {
  const from = performance.now();
  const late = () => new Error('late');
  let detail: string | undefined;
  try {
    if ((await withTimeout(timeoutMs, async () => check(), late)) === false) detail = 'not available';
  } catch (error) {
    // A driver's message may name hosts and users; a CodedError is meant to be shown.
    detail = error instanceof CodedError ? error.message : 'not available';
  }
  const ms = Math.round(performance.now() - from);
  return detail === undefined ? { ok: true, required, ms } : { ok: false, required, ms, detail };
}
