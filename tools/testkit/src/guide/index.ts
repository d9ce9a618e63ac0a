export { applyEdit, readGuide, type GuideBlock } from './blocks.js';
export { difference, type KnownIds } from './compare.js';
export { GuideShell } from './shell.js';
