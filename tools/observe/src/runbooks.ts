import { readFileSync } from 'node:fs';

interface RootPackage {
  readonly config?: { readonly runbooks?: string };
}

const { config } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as RootPackage;

/** Where the runbook of an alert is, from the root of the repository. */
export const runbook = (alert: string): string => `docs/runbooks/${alert}.md`;

/**
 * The annotation that says where the runbook is: `runbook_url`, which Grafana and the pages of Alertmanager make a link,
 * where package.json names an address.
 *
 * @param folder Address of the folder `docs/runbooks`, without a trailing slash; without it the path in the repository
 * has to do. Default: `config.runbooks` of the root package.json.
 */
export const runbookAnnotation = (
  alert: string,
  folder = config?.runbooks ?? '',
): { readonly runbook: string } | { readonly runbook_url: string } =>
  folder === '' ? { runbook: runbook(alert) } : { runbook_url: `${folder.replace(/\/+$/, '')}/${alert}.md` };
