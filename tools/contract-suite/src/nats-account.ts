import type { ContractRecord } from '@causeway/contracts/record';
import type { NatsPermissions } from '@causeway/system/topology';
import { durableOf } from './broker.js';

/**
 * What the account of a service may do, from its record alone: the same as `natsPermissions` of `@causeway/system` says
 * for a service of the list.
 */
export function permissionsOf({ service, contracts, streams, sends }: ContractRecord): NatsPermissions {
  const entries = Object.entries(contracts);
  const events = entries.filter(([, { kind, owner }]) => kind === 'event' && owner === service);
  const handled = entries.filter(([, { consumers }]) => consumers?.includes(service));
  const served = entries.filter(([, { kind, owner }]) => kind === 'rpc' && owner === service);
  const published = [...events.map(([subject]) => subject), ...sends];
  const storing = new Set(published.flatMap((subject) => contracts[subject]?.stream ?? []));
  const wake = events.length > 0 ? [`causeway.outbox.wake.${service}`] : [];
  return {
    publish: [
      ...published,
      ...handled.map(([subject]) => `dlq.${durableOf(service, subject)}`),
      ...[...Object.keys(streams), 'DLQ'].map((name) => `$JS.API.STREAM.INFO.${name}`),
      ...[...storing].map((name) => `$JS.API.STREAM.MSG.GET.${name}`),
      ...handled.flatMap(([subject, { stream }]) => {
        const place = `${stream}.${durableOf(service, subject)}`;
        return [
          `$JS.API.CONSUMER.INFO.${place}`,
          `$JS.API.CONSUMER.MSG.NEXT.${place}`,
          `$JS.ACK.${place}.>`,
          `$JS.ACK.*.*.${place}.>`,
        ];
      }),
      ...wake,
      `causeway.discovery.announced.${service}`,
      `causeway.discovery.left.${service}`,
    ],
    subscribe: [
      `_INBOX_${service}.>`,
      ...served.map(([subject]) => subject),
      ...wake,
      ...['PING', 'INFO', 'STATS'].map((verb) => `$SRV.${verb}`),
      `$SRV.*.${service}`,
      `$SRV.*.${service}.*`,
    ],
    responds: true,
  };
}

/** The account of the suite, which may do everything. */
export const suiteAccount = { user: 'contract-suite', pass: 'k-contract-suite' } as const;

/** A server with two accounts: the service's, and that of the suite. */
export function natsConfigOf(
  service: string,
  password: string,
  permissions: NatsPermissions,
): (storeDir: string) => string {
  const { publish, subscribe, responds } = permissions;
  const users = [
    { user: suiteAccount.user, password: suiteAccount.pass },
    {
      user: service,
      password,
      permissions: { publish, subscribe, ...(responds && { allow_responses: { max: 1, expires: '1m' } }) },
    },
  ];
  // The server reads JSON.
  return (storeDir) =>
    JSON.stringify({ max_payload: 1_048_576, jetstream: { store_dir: storeDir }, authorization: { users } }, null, 2);
}
