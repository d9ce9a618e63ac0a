export { budgetTable } from './budget/totals.js';
export { type Body, type Manifest, type Rendered } from './objects.js';
export { howToInstallKubectl, kubectlAvailable, provideKubectl } from './kubectl.js';
export { overlays, parseManifests, render } from './render.js';
export { secretsOf } from './secrets.js';
export { toSetTable, valuesToSet, type ToSet } from './to-set.js';
