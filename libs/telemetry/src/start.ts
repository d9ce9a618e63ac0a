import { context, propagation, type Attributes } from '@opentelemetry/api';
import { metricsStarted } from './metrics.js';
import type { TelemetrySettings } from './settings.js';
import { samplingFollowsParent } from './tracing.js';

export interface Telemetry {
  /** Exports pending data for at most 3 s, then shuts down. Never rejects. */
  shutdown(): Promise<void>;
}

export interface TelemetryOptions {
  readonly service: string;
  readonly version: string;
  /** Commit that the process was built from. */
  readonly commit?: string;
  readonly instanceId: string;
  readonly settings: TelemetrySettings;
}

const shutdownLimitMs = 3_000;

/**
 * Sets up OpenTelemetry, once per process and before anything else. Without an endpoint, context and trace ids work but
 * no span is recorded. Each part is imported where it is needed: the exporters alone take a third of the stock set-up's time.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const resource: Attributes = {
    ...parsePairs(options.settings.OTEL_RESOURCE_ATTRIBUTES ?? ''),
    'service.name': options.service,
    'service.namespace': 'causeway',
    'service.version': options.version,
    ...(options.commit !== undefined && { 'vcs.ref.head.revision': options.commit }),
    'service.instance.id': options.instanceId,
  };
  const full = options.settings.TELEMETRY_SDK === 'full';
  samplingFollowsParent(!full); // the stock SDK may have been given any sampler
  const sdk = full
    ? await (await import('./sdk/full.js')).startFull(resource)
    : await (await import('./sdk/lean.js')).startLean(resource, options.settings);
  if (sdk.measures) {
    metricsStarted();
    (await import('./process-metrics.js')).observeProcess();
  }
  return { shutdown: once(() => limited(sdk.stop())) };
}

/** `a=1,b=2`; values may be percent-encoded, as the specification says. */
export const parsePairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), decode(pair.slice(pair.indexOf('=') + 1).trim())]),
  );

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= run());
}

/** A collector that hangs must not delay the end of the process. */
async function limited(work: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, shutdownLimitMs);
  try {
    await Promise.race([work, limit.promise]);
  } catch {
    // The SDK's error handler has reported it.
  } finally {
    clearTimeout(timer);
    context.disable();
    propagation.disable();
  }
}
