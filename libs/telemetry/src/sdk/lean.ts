import { context, metrics, propagation, trace, type Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { reportExportErrors } from '../export-errors.js';
import type { TelemetrySettings } from '../settings.js';

/** Limit of one export, its retries included. */
const exportTimeoutMs = 5_000;

/**
 * Registers context, propagation and tracer, and, with an endpoint, the exporters. Returns a function that shuts them down.
 *
 * Propagation is W3C Trace Context only. With baggage, an outside caller could put values into every message of the system.
 */
export async function startLean(attributes: Attributes, settings: TelemetrySettings): Promise<() => Promise<unknown>> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const resource = defaultResource().merge(resourceFromAttributes(attributes));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  setGlobalErrorHandler(reportExportErrors());

  const tracers = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: samplerOf(endpoint, settings.OTEL_TRACES_SAMPLER_ARG) }),
    spanProcessors: endpoint === undefined ? [] : [await spanExport(endpoint, settings.OTEL_BSP_SCHEDULE_DELAY)],
  });
  trace.setGlobalTracerProvider(tracers);
  if (endpoint === undefined) return () => tracers.shutdown();

  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]);
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: exportTimeoutMs }),
    exportIntervalMillis: settings.OTEL_METRIC_EXPORT_INTERVAL,
    exportTimeoutMillis: Math.min(exportTimeoutMs, settings.OTEL_METRIC_EXPORT_INTERVAL),
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  metrics.setGlobalMeterProvider(meters);
  return () => Promise.allSettled([tracers.shutdown(), meters.shutdown()]);
}

/** Without an endpoint nothing is recorded: spans have ids and cost next to nothing. */
function samplerOf(endpoint: string | undefined, ratio: number): Sampler {
  if (endpoint === undefined || ratio === 0) return new AlwaysOffSampler();
  return ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

async function spanExport(endpoint: string, scheduledDelayMillis: number): Promise<SpanProcessor> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: exportTimeoutMs }),
    scheduledDelayMillis,
    exportTimeoutMillis: exportTimeoutMs,
    maxQueueSize: 8_192,
  });
}
