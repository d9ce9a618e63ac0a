import { relative } from 'node:path';
import type { System } from './system.js';

/** Lines of a table, columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd());
}

/** What runs where. */
export function describeSystem(system: System): string[] {
  const count = (service: string): string =>
    String(system.services.filter((instance) => instance.service === service).length);
  const rows = system.services.map(({ id, service, url, pid, readyMs }) => [
    id,
    count(service),
    url,
    String(pid),
    `${readyMs} ms`,
  ]);
  const infrastructure = [
    ['postgres', '1', `127.0.0.1:${system.postgres.port}`, String(system.postgres.pid), ''],
    ['nats', '1', system.urls.nats, String(system.nats.pid), ''],
  ];
  const { gateway, traces, prometheus, alertmanager } = system.urls;
  return [
    '',
    ...table([['service', 'instances', 'address', 'pid', 'ready in'], ...infrastructure, ...rows]),
    '',
    ...table([
      // demo
      ['API', `${gateway}/v1/products`],
      // end demo
      ['API documentation', `${gateway}/docs`],
      ['OpenID Connect', `${gateway}/oidc/.well-known/openid-configuration`],
      // demo
      ['ledger of the PSP', `${system.urls.psp}/ledger`],
      // end demo
      ['traces (OTLP)', traces],
      ...(prometheus ? [['metrics', prometheus]] : []),
      ...(alertmanager ? [['alerts', alertmanager]] : []),
      ['logs', `${shortest(system.folder)}/logs`],
      ['mail', `${shortest(system.folder)}/mails, a file each; links appear here, too`],
    ]),
    '',
  ];
}

function shortest(folder: string): string {
  const fromHere = relative(process.cwd(), folder);
  return fromHere.startsWith('..') ? folder : fromHere;
}
