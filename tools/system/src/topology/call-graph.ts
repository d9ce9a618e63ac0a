import { forwardedServices } from '@causeway/contracts';
import { services } from '../services.js';

/** One line of the picture in the README: who opens a connection to whom. `outside` is anybody, `everything` is every pod. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly why: string;
}

const http = 8080;

const flow = (from: string, to: string, port: number, why: string): Flow => ({ from, to, port, why });

/**
 * Who opens a connection to whom. NetworkPolicies are generated from it where they are uniform, and all of them are
 * compared with it, in both directions. Names are those of pods: `order` for the service, `order/migration` for its Job.
 */
export const callGraph: readonly Flow[] = [
  ...services
    .filter(({ edge }) => edge)
    .flatMap(({ name }) => [
      flow('outside', name, http, 'the only way in'),
      ...forwardedServices.map((owner) => flow(name, owner, http, 'public routes')),
    ]),
  ...services.flatMap(({ name, calls = {} }) => Object.entries(calls).map(([to, why]) => flow(name, to, http, why))),
  ...services
    .filter(({ database }) => database)
    .flatMap(({ name }) => [
      flow(name, 'postgres', 5432, 'its own database'),
      flow(`${name}/migration`, 'postgres', 5432, 'migrations'),
    ]),
  flow('postgres/init', 'postgres', 5432, 'roles and databases'),
  ...services.filter(({ nats }) => nats).map(({ name }) => flow(name, 'nats', 4222, 'events, commands, RPC')),
  flow('nats-topology/provisioning', 'nats', 4222, 'streams and consumers'),
];

/** Flows of overlays that have what they lead to; elsewhere, mail goes into a folder. */
export const optionalFlows: readonly Flow[] = [flow('user', 'mail', 465, 'mail')];

/** What may lie outside of the namespace: an address that is none of our pods is taken for the part that usually answers on that port. */
export const outsideByPort: Readonly<Record<number, string>> = {
  53: 'dns',
  443: 'psp-sandbox',
  465: 'mail',
  4222: 'nats',
  4318: 'telemetry',
  5432: 'postgres',
};
