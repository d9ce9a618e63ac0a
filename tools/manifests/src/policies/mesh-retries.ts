import { meshOf } from '../mesh/index.js';
import type { ManifestPolicy } from './policy.js';

/**
 * Retries at two layers multiply: 3 tries of a library, each repeated twice by a mesh, are 9 requests to a service that
 * is down already. Our libraries know what may be repeated and have a budget, so a mesh repeats nothing.
 */
export const librariesRetryAlone: ManifestPolicy = {
  name: 'a mesh neither repeats requests, nor times them out, nor ejects instances',
  check: (rendered) => meshOf(rendered)?.interference(rendered) ?? [],
};
