/**
 * The OpenTelemetry Collector (contrib distribution), between the services and what stores traces and logs. The fields
 * are the Collector's own.
 */
interface CollectorConfig {
  readonly receivers: Readonly<Record<string, object>>;
  readonly processors: Readonly<Record<string, object>>;
  readonly exporters: Readonly<Record<string, object>>;
  readonly extensions: Readonly<Record<string, object>>;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, Pipeline>>;
  };
}
interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** Attributes that never leave, whatever wrote them. The services redact by the same names before. */
export const blockedKeys: readonly string[] = ['(?i).*(password|secret|token|cookie|authorization|api[_-]?key).*'];

/** Values that never leave: what looks like a card number, an address of a person, or a credential becomes `****`. */
export const blockedValues: readonly string[] = [
  '\\b(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|3[47][0-9]{13})\\b',
  '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}',
  'eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+',
  '(?i)bearer [A-Za-z0-9._-]+',
];

const processors = {
  memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 20 },
  redaction: {
    allow_all_keys: true,
    blocked_key_patterns: blockedKeys,
    blocked_values: blockedValues,
    summary: 'silent',
  },
  /**
   * Decided when a trace is complete: errors and slow ones all, of the others one in twenty. The services must record
   * every trace (`OTEL_TRACES_SAMPLER_ARG=1`), and all spans of a trace must reach the same collector: with several,
   * put a layer with the `loadbalancing` exporter in front.
   */
  tail_sampling: {
    // An order is over within a few seconds; its trace ends with the last message.
    decision_wait: '20s',
    num_traces: 50_000,
    policies: [
      { name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
      { name: 'slow', type: 'latency', latency: { threshold_ms: 1_000 } },
      { name: 'others', type: 'probabilistic', probabilistic: { sampling_percentage: 5 } },
    ],
  },
  batch: { send_batch_size: 2_048, timeout: '1s' },
};

const otlp = { protocols: { http: { endpoint: '0.0.0.0:4318' } } };

/** Standard output of the containers: a JSON object a line; PostgreSQL and NATS write plain text. */
const containerLogs = (include: string, format: 'docker' | 'containerd') => ({
  include: [include],
  start_at: 'end',
  operators: [
    { type: 'container', format },
    {
      type: 'json_parser',
      if: 'body matches "^{"',
      parse_to: 'attributes',
      timestamp: { parse_from: 'attributes.time', layout_type: 'gotime', layout: '2006-01-02T15:04:05.000Z' },
      severity: { parse_from: 'attributes.level' },
      on_error: 'send_quiet',
    },
    {
      type: 'trace_parser',
      if: 'attributes.trace_id != nil',
      trace_id: { parse_from: 'attributes.trace_id' },
      span_id: { parse_from: 'attributes.span_id' },
      on_error: 'send_quiet',
    },
    { type: 'move', if: 'attributes.service != nil', from: 'attributes.service', to: 'resource["service.name"]' },
    { type: 'move', if: 'attributes.msg != nil', from: 'attributes.msg', to: 'body' },
  ],
});

const health = { health_check: { endpoint: '0.0.0.0:13133' } };

/** Compose: traces to Tempo, logs to Loki. Prometheus scrapes by itself, so nothing is pushed. */
export const composeCollector: CollectorConfig = {
  receivers: { otlp, filelog: containerLogs('/var/lib/docker/containers/*/*-json.log', 'docker') },
  processors,
  exporters: {
    'otlp/tempo': { endpoint: 'tempo:4317', tls: { insecure: true } },
    'otlphttp/loki': { endpoint: 'http://loki:3100/otlp' },
  },
  extensions: health,
  service: {
    extensions: ['health_check'],
    pipelines: {
      traces: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'tail_sampling', 'redaction', 'batch'],
        exporters: ['otlp/tempo'],
      },
      logs: {
        receivers: ['filelog'],
        processors: ['memory_limiter', 'redaction', 'batch'],
        exporters: ['otlphttp/loki'],
      },
    },
  },
};

/**
 * A cluster, with every exporter: keep those that you have. `metrics` is for where nobody may scrape; with the PodMonitor
 * every series would be there twice.
 */
export const clusterCollector: CollectorConfig = {
  receivers: { otlp, filelog: containerLogs('/var/log/pods/causeway_*/*/*.log', 'containerd') },
  processors: {
    ...processors,
    /** The same names as a scrape gives: `job="order"`, and `_total` for what only grows. */
    resource: { attributes: [{ key: 'service.namespace', action: 'delete' }] },
    transform: {
      metric_statements: [
        {
          context: 'metric',
          statements: [
            'set(name, Concat([name, "total"], "_")) where type == METRIC_DATA_TYPE_SUM and is_monotonic == true',
          ],
        },
      ],
    },
  },
  exporters: {
    'otlp/tempo': { endpoint: 'tempo.observability:4317', tls: { insecure: true } },
    'otlp/jaeger': { endpoint: 'jaeger-collector.observability:4317', tls: { insecure: true } },
    prometheusremotewrite: {
      endpoint: 'http://prometheus.observability:9090/api/v1/write',
      add_metric_suffixes: false,
    },
    'otlphttp/loki': { endpoint: 'http://loki-gateway.observability/otlp' },
    elasticsearch: {
      endpoints: ['https://elasticsearch.observability:9200'],
      user: '${env:ELASTICSEARCH_USER}',
      password: '${env:ELASTICSEARCH_PASSWORD}',
      sending_queue: { enabled: true, queue_size: 5_000 },
    },
  },
  extensions: health,
  service: {
    extensions: ['health_check'],
    pipelines: {
      traces: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'tail_sampling', 'redaction', 'batch'],
        exporters: ['otlp/tempo', 'otlp/jaeger'],
      },
      metrics: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'resource', 'transform', 'batch'],
        exporters: ['prometheusremotewrite'],
      },
      logs: {
        receivers: ['filelog'],
        processors: ['memory_limiter', 'redaction', 'batch'],
        exporters: ['otlphttp/loki', 'elasticsearch'],
      },
    },
  },
};
