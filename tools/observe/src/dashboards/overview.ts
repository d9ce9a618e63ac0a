import { slos } from '../slo.js';
import { quantile, rate, type Board } from './board.js';

const http = 'http_server_request_duration';
const failed = 'job=~"$job",http_response_status_code=~"5.."';

/** Rate, errors and duration of every service, and how fast the error budgets go. */
export const overview: Board = {
  uid: 'causeway-overview',
  title: 'Causeway: overview',
  about: 'Is it working? Error budgets, then rate, errors and duration of each service and route.',
  stats: [
    ...slos.map(({ name, title, objective }) => ({
      title,
      unit: 'short',
      query: [`slo:bad:ratio_rate1h{slo="${name}"} / ${Number((1 - objective).toFixed(6))}`, 'burn rate'] as const,
      note: 'Burn rate of the last hour: at 1 the budget of 30 days lasts 30 days, at 14.4 two.',
      limits: [1, 6] as const,
    })),
    {
      title: 'Alerts',
      unit: 'short',
      query: ['count(ALERTS{alertstate="firing",alertname!="Heartbeat"}) or vector(0)', 'firing'],
      limits: [1, 3],
    },
  ],
  rows: [
    {
      title: 'Services',
      graphs: [
        { title: 'Requests', unit: 'reqps', queries: [[rate(`${http}_count`, 'job'), '{{job}}']] },
        {
          title: 'Share of 5xx',
          unit: 'percentunit',
          queries: [[`${rate(`${http}_count`, 'job', failed)} / ${rate(`${http}_count`, 'job')}`, '{{job}}']],
        },
        { title: 'Duration, p99', unit: 's', queries: [[quantile(0.99, http, 'job'), '{{job}}']] },
      ],
    },
    {
      title: 'Routes',
      graphs: [
        {
          title: 'Requests',
          unit: 'reqps',
          queries: [
            [
              rate(`${http}_count`, 'job, http_request_method, http_route'),
              '{{job}} {{http_request_method}} {{http_route}}',
            ],
          ],
        },
        {
          title: 'Failures',
          unit: 'reqps',
          note: 'By error code; docs/errors.md says what each means.',
          queries: [
            [rate(`${http}_count`, 'job, http_route, error_type', failed), '{{job}} {{http_route}} {{error_type}}'],
          ],
        },
        {
          title: 'Duration, p99',
          unit: 's',
          queries: [
            [
              quantile(0.99, http, 'job, http_request_method, http_route'),
              '{{job}} {{http_request_method}} {{http_route}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'Calls between services',
      graphs: [
        {
          title: 'HTTP calls',
          unit: 'reqps',
          queries: [
            [rate('http_client_request_duration_count', 'job, server_address'), '{{job}} → {{server_address}}'],
          ],
        },
        {
          title: 'HTTP calls, p99',
          unit: 's',
          queries: [
            [quantile(0.99, 'http_client_request_duration', 'job, server_address'), '{{job}} → {{server_address}}'],
          ],
        },
        {
          title: 'RPC over NATS, p99',
          unit: 's',
          queries: [
            [quantile(0.99, 'rpc_client_call_duration', 'job, rpc_method'), '{{job}} calls {{rpc_method}}'],
            [quantile(0.99, 'rpc_server_call_duration', 'job, rpc_method'), '{{job}} answers {{rpc_method}}'],
          ],
        },
      ],
    },
    {
      title: 'Instances',
      graphs: [
        { title: 'Instances up', unit: 'short', queries: [['sum by (job) (up{job=~"$job"})', '{{job}}']] },
        {
          title: 'Requests being served',
          unit: 'short',
          queries: [['sum by (job) (http_server_active_requests{job=~"$job"})', '{{job}}']],
        },
        {
          title: 'Deadlines passed',
          unit: 'reqps',
          queries: [[rate('http_server_expired_total', 'job, http_route'), '{{job}} {{http_route}}']],
        },
      ],
    },
    {
      title: 'Security',
      graphs: [
        {
          title: 'Security events',
          unit: 'cps',
          note: 'docs/guides/identity.md says what each is; npx causeway audit shows them.',
          queries: [
            [
              rate('security_events_total', 'job, security_event_type, security_event_outcome'),
              '{{job}} {{security_event_type}} {{security_event_outcome}}',
            ],
          ],
        },
        {
          title: 'Sign-ins',
          unit: 'cps',
          note: 'Refused for a while (throttled) is whoever failed too often: docs/runbooks/SignInsThrottled.md.',
          queries: [
            [
              rate('security_events_total', 'security_event_type', 'job=~"$job",security_event_type=~"sign-in.*"'),
              '{{security_event_type}}',
            ],
          ],
        },
        {
          title: 'Refused access, and tokens used twice',
          unit: 'cps',
          note: 'docs/runbooks/AccessDenied.md, docs/runbooks/TokenReused.md.',
          queries: [
            [
              rate(
                'security_events_total',
                'job, security_event_type',
                'job=~"$job",security_event_type=~"access.denied|token.reuse-detected"',
              ),
              '{{job}} {{security_event_type}}',
            ],
          ],
        },
      ],
    },
  ],
};
