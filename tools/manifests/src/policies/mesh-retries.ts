import { meshOf } from '../mesh/index.js';
import type { ManifestPolicy } from './policy.js';

/**
 * Retries at two layers multiply: two attempts of a library, each tried three times by a mesh (the default of Istio), are
 * six requests to a service that is down already. Our libraries know what may be sent twice and have a budget, so a mesh
 * repeats nothing.
 */
export const librariesRetryAlone: ManifestPolicy = {
  name: 'a mesh neither repeats requests, nor times them out, nor ejects instances',
  check: (rendered) => meshOf(rendered)?.interference(rendered) ?? [],
};
