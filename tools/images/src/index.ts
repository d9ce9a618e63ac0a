export { apps, buildImage, imageName, type App, type BuildOptions } from './build.js';
export { findEngine, NoEngine, output, show, type Engine } from './engine.js';
export { prune, type Pruned, type PruneOptions } from './prune.js';
