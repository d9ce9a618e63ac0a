/** What Grafana finds when it starts in Compose: where data is, and our dashboards. */
export const grafanaDatasources = {
  apiVersion: 1,
  datasources: [
    { name: 'Prometheus', uid: 'prometheus', type: 'prometheus', url: 'http://prometheus:9090', isDefault: true },
    {
      name: 'Tempo',
      uid: 'tempo',
      type: 'tempo',
      url: 'http://tempo:3200',
      jsonData: { tracesToLogsV2: { datasourceUid: 'loki', filterByTraceID: true } },
    },
    {
      name: 'Loki',
      uid: 'loki',
      type: 'loki',
      url: 'http://loki:3100',
      jsonData: {
        // From a line to its trace. `$$`: provisioning would take `$` for a variable of the environment.
        derivedFields: [
          {
            name: 'trace',
            matcherType: 'label',
            matcherRegex: 'trace_id',
            datasourceUid: 'tempo',
            url: '$${__value.raw}',
          },
        ],
      },
    },
    {
      name: 'Alertmanager',
      uid: 'alertmanager',
      type: 'alertmanager',
      url: 'http://alertmanager:9093',
      jsonData: { implementation: 'prometheus' },
    },
  ],
};

export const grafanaDashboards = {
  apiVersion: 1,
  providers: [{ name: 'causeway', folder: 'Causeway', type: 'file', options: { path: '/var/lib/grafana-dashboards' } }],
};

/** One process, on a local disk: for a look, not for keeping. */
export const tempoConfig = {
  server: { http_listen_port: 3200 },
  distributor: { receivers: { otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' } } } } },
  compactor: { compaction: { block_retention: '48h' } },
  storage: { trace: { backend: 'local', local: { path: '/var/tempo/blocks' }, wal: { path: '/var/tempo/wal' } } },
};
