import { parseSamples, type MetricSample } from '@causeway/telemetry/samples';
import { CommandFailed } from '../failure.js';
import type { KnownInstance, SystemTarget } from './target.js';

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

export interface ManagementCall {
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Of a change; it needs `who`. */
  readonly body?: object;
  /** How long the response may take, milliseconds. Default 3 000. */
  readonly timeoutMs?: number;
}

/**
 * Calls the management port of an instance as operator.
 * @throws when it does not respond in time
 */
export async function callManagement(
  { managementUrl, token }: KnownInstance,
  path: string,
  { method = 'GET', body, timeoutMs: limitMs = timeoutMs }: ManagementCall = {},
): Promise<ManagementResponse> {
  const response = await fetch(`${managementUrl}${path}`, {
    method,
    // Nothing keeps this process alive once the command is done.
    headers: { authorization: `Bearer ${token}`, connection: 'close', 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(limitMs),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}

/**
 * Calls a governance route of the first instance of a service that responds: for what all instances have in common, such as
 * their database.
 * @throws CommandFailed with what the service says, when it refuses or none responds
 */
export async function callService<T>(
  target: SystemTarget,
  service: string,
  path: string,
  call: ManagementCall = {},
): Promise<T> {
  const instances = (await target.instances(service)).filter((instance) => instance.service === service);
  if (instances.length === 0) throw new CommandFailed(`no instance of ${service} runs`);
  const problems: string[] = [];
  for (const instance of instances) {
    try {
      const { status, body } = await callManagement(instance, path, call);
      if (status === 200) return body as T;
      const { detail, remedy } = (body ?? {}) as { detail?: string; remedy?: string };
      throw new CommandFailed(`${instance.id}: ${status} ${detail ?? ''}`.trim(), remedy);
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      const { name, message } = error as Error;
      // What did not respond in time may still be done: another instance must not do it again.
      if (name === 'TimeoutError') throw new CommandFailed(`${instance.id} did not respond in time`);
      problems.push(`no response from ${instance.managementUrl}: ${message}`);
    }
  }
  throw new CommandFailed(problems.join('; '));
}
