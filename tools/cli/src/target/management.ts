import { parseSamples, type MetricSample } from '@causeway/telemetry/samples';
import type { KnownInstance } from './target.js';

export interface ManagementResponse {
  readonly status: number;
  readonly body: unknown;
}

const timeoutMs = 3_000;

/** @returns What an instance has measured; empty where it shows no metrics. */
export async function readMetrics({ managementUrl }: KnownInstance): Promise<readonly MetricSample[]> {
  const response = await fetch(`${managementUrl}/metrics`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  return response.ok ? parseSamples(text) : [];
}

/**
 * Calls the management port of an instance as operator.
 * @throws when it does not respond within 3 s
 */
export async function callManagement(
  { managementUrl, token }: KnownInstance,
  path: string,
  put?: unknown,
): Promise<ManagementResponse> {
  const response = await fetch(`${managementUrl}${path}`, {
    method: put === undefined ? 'GET' : 'PUT',
    // Nothing keeps this process alive once the command is done.
    headers: { authorization: `Bearer ${token}`, connection: 'close', 'content-type': 'application/json' },
    body: put === undefined ? undefined : JSON.stringify(put),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}
