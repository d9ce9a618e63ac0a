import { meshOf } from '../mesh/index.js';
import type { ManifestPolicy } from './policy.js';

/** Where there is a mesh, Jobs end, init containers reach the network, and PostgreSQL and NATS are not taken for HTTP. */
export const meshedPodsStartAndEnd: ManifestPolicy = {
  name: 'pods of a mesh start, speak and end',
  check: (rendered) => meshOf(rendered)?.life(rendered) ?? [],
};
