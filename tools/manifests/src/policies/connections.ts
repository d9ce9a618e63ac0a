import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { sharesOf } from '../budget.js';
import { environmentOf, ofKind, podsOf, type Body, type Rendered } from '../objects.js';
import { broken, type Policy } from './policy.js';

/** What PostgreSQL keeps for its superuser, so that somebody can look in when all others are taken. */
const reserved = 3;
/** Of libs/persistence. */
const defaultPoolMax = 10;

/** A PostgreSQL in the cluster has a connection for everybody, also when every autoscaler is at its end. */
export const connectionsSuffice: Policy = {
  name: 'PostgreSQL has connections for every pod',
  check(rendered) {
    const server = ofKind<IStatefulSet & Body>(rendered, 'StatefulSet').find(
      ({ body }) => body.metadata.name === 'postgres',
    );
    if (!server) return [];
    const args = server.body.spec?.template.spec?.containers[0]?.args?.join(' ') ?? '';
    const limit = Number(/max_connections=(\d+)/.exec(args)?.[1] ?? 100) - reserved;
    const wanted = connectionsOf(rendered);
    return broken(server, [
      [
        wanted <= limit,
        `its clients may open ${wanted} connections, and there are ${limit}`,
        'lower DATABASE_POOL_MAX or maxReplicas in the overlay, or raise max_connections and the memory (some 5 MiB each)',
      ],
    ]);
  },
};

function connectionsOf(rendered: Rendered): number {
  const shares = sharesOf(rendered);
  return podsOf(rendered)
    .filter(({ labels }) => labels['causeway.dev/postgres'] === 'client')
    .reduce((sum, { manifest, spec }) => {
      const { kind, metadata } = manifest.body;
      if (kind === 'Job') return sum + 1;
      const pool = environmentOf(rendered, spec.containers[0]!).find(({ name }) => name === 'DATABASE_POOL_MAX')?.value;
      const share = shares.find((each) => each.kind === kind && each.name === metadata.name);
      return sum + (share?.max ?? 1) * Number(pool ?? defaultPoolMax);
    }, 0);
}
