import { services } from '@causeway/system';

/** The management port of every image. */
export const managementPort = 9090;

/** How a target or Alertmanager is found; the fields are those of Prometheus. */
export type Discovery =
  | { readonly dns_sd_configs: readonly { names: string[]; type: 'A'; port: number; refresh_interval: string }[] }
  | { readonly file_sd_configs: readonly { files: string[]; refresh_interval: string }[] }
  | { readonly static_configs: readonly { targets: string[]; labels?: Record<string, string> }[] };

interface Place {
  readonly everySeconds: number;
  readonly jobs: readonly (Discovery & { readonly job_name: string })[];
  readonly alertmanagers: Discovery;
}

/**
 * `job` is the service and `instance` the process. Rules and dashboards know no other label of a target, so they work
 * wherever it was found.
 */
const configOf = ({ everySeconds, jobs, alertmanagers }: Place) => ({
  global: {
    scrape_interval: `${everySeconds}s`,
    scrape_timeout: `${Math.min(everySeconds, 10)}s`,
    evaluation_interval: `${everySeconds}s`,
  },
  rule_files: ['rules.yaml'],
  alerting: { alertmanagers: [alertmanagers] },
  scrape_configs: jobs,
});

/** Docker's DNS answers with every container of a service, so `up --scale order=2` needs no change. */
export const composePrometheus = configOf({
  everySeconds: 15,
  jobs: services.map(({ name }) => ({
    job_name: name,
    dns_sd_configs: [{ names: [name], type: 'A', port: managementPort, refresh_interval: '15s' }],
  })),
  alertmanagers: { static_configs: [{ targets: ['alertmanager:9093'] }] },
});

const written = (file: string): Discovery => ({ file_sd_configs: [{ files: [file], refresh_interval: '5s' }] });

/** The launcher writes both lists, because it chooses the ports. Scraped often: a person is watching. */
export const laptopPrometheus = configOf({
  everySeconds: 5,
  jobs: [{ job_name: 'causeway', ...written('targets.json') }],
  alertmanagers: written('alertmanagers.json'),
});
