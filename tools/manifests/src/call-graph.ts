import { consumers, forwardedServices, messages, rpcs } from '@causeway/contracts';

/** One line of the picture in the README: who opens a connection to whom. `outside` is anybody, `everything` is every pod. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly why: string;
}

const http = 8080;

/** The services that speak through NATS: they follow from the contracts. */
const speakers = [
  ...new Set([
    ...consumers.map(({ service }) => service),
    ...[...messages, ...rpcs].map(({ owner }) => owner),
    // Listens to events, for those who follow an order.
    'gateway',
  ]),
];
/** Services with a database of their own. */
const databases = ['user', 'order', 'payment', 'psp-sandbox'];

const flow = (from: string, to: string, port: number, why: string): Flow => ({ from, to, port, why });

/**
 * The call graph: the one place that says who may talk to whom. NetworkPolicies are compared with what follows from it, in both directions.
 * Names are those of pods: `order` for the service, `order/migration` for its Job.
 */
export const callGraph: readonly Flow[] = [
  flow('outside', 'gateway', http, 'the only door'),
  ...forwardedServices.map((owner) => flow('gateway', owner, http, 'public routes')),
  flow('order', 'gateway', http, 'the keys that tokens are checked with: nobody but gateway may reach user'),
  flow('payment', 'gateway', http, 'the same keys'),
  flow('payment', 'psp-sandbox', http, 'charges'),
  flow('psp-sandbox', 'gateway', http, 'webhooks'),
  ...databases.flatMap((name) => [
    flow(name, 'postgres', 5432, 'its own database'),
    flow(`${name}/migration`, 'postgres', 5432, 'migrations'),
  ]),
  flow('postgres/init', 'postgres', 5432, 'roles and databases'),
  ...speakers.map((name) => flow(name, 'nats', 4222, 'events, commands, RPC')),
  flow('nats-topology/provisioning', 'nats', 4222, 'streams and consumers'),
];

/** What may lie outside of the namespace: an address that is none of our pods is taken for the part that usually answers on that port. */
export const outsideByPort: Readonly<Record<number, string>> = {
  53: 'dns',
  443: 'psp-sandbox',
  4222: 'nats',
  4318: 'telemetry',
  5432: 'postgres',
};
