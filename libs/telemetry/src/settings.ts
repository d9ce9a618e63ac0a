import { durationMs, httpUrl, list, ratio, text, withDefault, type Settings } from '@causeway/config';
import { z } from 'zod';

/** Settings of every process. The `OTEL_*` names are those of the OpenTelemetry specification, with our defaults. */
export const telemetrySettings = {
  /** `lean` loads only the parts we use; `full` loads the stock NodeSDK, which reads every `OTEL_*` variable, for about 200 ms and 30 MB. */
  TELEMETRY_SDK: withDefault(z.enum(['lean', 'full']), 'lean'),
  /** Base URL of an OTLP/HTTP receiver, for example http://127.0.0.1:4318. Without it there are trace ids, but nothing is exported. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().optional(),
  /**
   * Where metrics go, separated by commas: `otlp` to the endpoint, if there is one; `prometheus` to whoever reads `/metrics`
   * of the management port; `none`. With `TELEMETRY_SDK=full` the stock SDK reads it, which also has `console`.
   */
  OTEL_METRICS_EXPORTER: withDefault(
    list().pipe(z.array(z.enum(['otlp', 'prometheus', 'console', 'none']))),
    'otlp,prometheus',
  ),
  /** Fraction of new traces that is recorded. A trace that began elsewhere keeps the decision made there. The launcher sets 1. */
  OTEL_TRACES_SAMPLER_ARG: withDefault(ratio(), '0.1'),
  /** Interval between exports of spans, milliseconds. */
  OTEL_BSP_SCHEDULE_DELAY: withDefault(durationMs(10, 60_000), '500'),
  /** Interval between exports of metrics, milliseconds. */
  OTEL_METRIC_EXPORT_INTERVAL: withDefault(durationMs(100, 3_600_000), '60000'),
  /** More resource attributes, `key=value` separated by commas: `deployment.environment.name=staging,k8s.pod.name=order-7d9`. */
  OTEL_RESOURCE_ATTRIBUTES: text()
    .regex(/^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$/, { error: 'expected key=value pairs separated by commas' })
    .optional(),
  LOG_LEVEL: withDefault(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info'),
};
export type TelemetrySettings = Settings<typeof telemetrySettings>;
