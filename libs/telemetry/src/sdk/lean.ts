import { context, metrics, propagation, trace, type Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
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
import type { RunningSdk } from './running-sdk.js';

/** Limit of one export, its retries included. */
const exportTimeoutMs = 5_000;

/**
 * Registers context, propagation and tracer; spans are exported if there is an endpoint. Meters are registered if somebody
 * reads them.
 *
 * Propagation is W3C Trace Context only. With baggage, an outside caller could put values into every message of the system.
 */
export async function startLean(attributes: Attributes, settings: TelemetrySettings): Promise<RunningSdk> {
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

  const readers = await metricReaders(settings);
  if (readers.length === 0) return { measures: false, stop: () => tracers.shutdown() };
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const meters = new MeterProvider({ resource, readers });
  metrics.setGlobalMeterProvider(meters);
  return { measures: true, stop: () => Promise.allSettled([tracers.shutdown(), meters.shutdown()]) };
}

/** Every reader sees the same instruments. What only one of them needs is loaded for that one. */
function metricReaders(settings: TelemetrySettings): Promise<MetricReader[]> {
  const { OTEL_METRICS_EXPORTER: wanted, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = settings;
  const readers: Promise<MetricReader>[] = [];
  if (wanted.includes('otlp') && endpoint !== undefined)
    readers.push(otlpReader(endpoint, settings.OTEL_METRIC_EXPORT_INTERVAL));
  if (wanted.includes('prometheus'))
    readers.push(import('./scrape-reader.js').then(({ scrapeReader }) => scrapeReader()));
  return Promise.all(readers);
}

async function otlpReader(endpoint: string, exportIntervalMillis: number): Promise<MetricReader> {
  const [{ PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]);
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: exportTimeoutMs }),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportTimeoutMs, exportIntervalMillis),
  });
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
