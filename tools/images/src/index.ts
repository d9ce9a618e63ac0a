export { prune, type Pruned, type PruneOptions } from './prune.js';
