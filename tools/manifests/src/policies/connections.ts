import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { copiesOf } from '../budget/copies.js';
import { environmentOf, ofKind, podsOf, type Body, type Pods, type Rendered } from '../objects.js';
import { broken, nameOf, type ManifestPolicy } from './policy.js';

/** Connections that PostgreSQL keeps for its superuser. */
const reserved = 3;
/** Of libs/persistence. */
const defaultPoolMax = 10;

/**
 * A PostgreSQL in the cluster has enough connections, even with every autoscaler at its maximum and every Deployment
 * rolling out.
 */
export const connectionsSuffice: ManifestPolicy = {
  name: 'PostgreSQL has connections for every pod',
  check(rendered) {
    const server = ofKind<IStatefulSet & Body>(rendered, 'StatefulSet').find(
      ({ body }) => body.metadata.name === 'postgres',
    );
    if (!server) return [];
    const args = server.body.spec?.template.spec?.containers[0]?.args?.join(' ') ?? '';
    const limit = Number(/max_connections=(\d+)/.exec(args)?.[1] ?? 100) - reserved;
    const clients = podsOf(rendered)
      .filter(({ labels }) => labels['causeway.dev/postgres'] === 'client')
      .map((pods) => ({ name: nameOf(pods.manifest.body), connections: connectionsOf(rendered, pods) }));
    const wanted = clients.reduce((sum, { connections }) => sum + connections, 0);
    return broken(server, [
      [
        wanted <= limit,
        `its clients may open ${wanted} connections, and there are ${limit} (${clients.map(({ name, connections }) => `${name} ${connections}`).join(', ')})`,
        'lower DATABASE_POOL_MAX or maxReplicas in the overlay, or raise max_connections and the memory (3 to 5 MiB each)',
      ],
    ]);
  },
};

/**
 * A Job works on one connection. A service has its pool, and beside it the session of its outbox relay where it sends
 * messages.
 */
function connectionsOf(rendered: Rendered, { manifest, labels, spec }: Pods): number {
  const { most, surge } = copiesOf(rendered, manifest);
  if (/Job$/.test(manifest.body.kind)) return most;
  const pool = environmentOf(rendered, spec.containers[0]!).find(({ name }) => name === 'DATABASE_POOL_MAX')?.value;
  const relay = labels['causeway.dev/nats'] === 'client' ? 1 : 0;
  return (most + surge) * (Number(pool ?? defaultPoolMax) + relay);
}
