export { buildImage, buildImages, imageName, images, type BuildOptions, type ImageOf } from './build.js';
export { findEngine, NoEngine, type Engine } from './engine.js';
export { prune, type Pruned, type PruneOptions } from './prune.js';
