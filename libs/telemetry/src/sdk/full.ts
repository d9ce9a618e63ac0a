import type { Attributes } from '@opentelemetry/api';
import type { RunningSdk } from './running-sdk.js';

/** The stock NodeSDK, configured by the standard `OTEL_*` variables, which it reads itself. It adds no instrumentation, because our spans are written by hand. */
export async function startFull(attributes: Attributes): Promise<RunningSdk> {
  const [{ NodeSDK }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/resources'),
  ]);
  const sdk = new NodeSDK({ resource: resourceFromAttributes(attributes) });
  sdk.start();
  return { measures: true, stop: () => sdk.shutdown() };
}
