/**
 * Where alerts go. The receivers have no addresses: they belong to whoever runs the system (`webhook_configs`,
 * `pagerduty_configs` and so on). Until then, alerts are to be seen in Alertmanager.
 */
export const alertmanagerConfig = {
  route: {
    receiver: 'tickets',
    group_by: ['alertname', 'job'],
    group_wait: '30s',
    group_interval: '5m',
    repeat_interval: '12h',
    routes: [
      // A dead man's switch: the receiver raises the alarm when this stops.
      {
        matchers: ['alertname = "Heartbeat"'],
        receiver: 'heartbeat',
        group_wait: '0s',
        group_interval: '1m',
        repeat_interval: '1m',
      },
      { matchers: ['severity = "page"'], receiver: 'pager', repeat_interval: '1h' },
    ],
  },
  inhibit_rules: [
    // One is enough: the page says the same as its ticket.
    { source_matchers: ['severity = "page"'], target_matchers: ['severity = "ticket"'], equal: ['alertname', 'slo'] },
    // A service that is gone explains everything else about it.
    {
      source_matchers: ['alertname = "ServiceDown"'],
      target_matchers: ['alertname != "ServiceDown"', 'severity = "ticket"'],
      equal: ['job'],
    },
  ],
  receivers: [{ name: 'tickets' }, { name: 'pager' }, { name: 'heartbeat' }],
};
