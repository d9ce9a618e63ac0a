// `npm run k8s:to-set -- production`: the values of an overlay that you still have to set. Exits with 1 while one of
// them leads nowhere.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './render.js';
import { valuesToSet } from './to-set.js';

const known = readdirSync(join(root, 'k8s/overlays'));
const overlays = process.argv.length > 2 ? process.argv.slice(2) : ['staging', 'production'];
const unknown = overlays.filter((overlay) => !known.includes(overlay));
if (unknown.length > 0) {
  console.error(`There is no overlay ${unknown.join(' or ')}; k8s/overlays has ${known.join(', ')}.`);
  process.exit(2);
}
let left = 0;
for (const overlay of overlays) {
  const values = valuesToSet(root, `k8s/overlays/${overlay}`);
  left += values.filter(({ certain }) => certain).length;
  console.log(`${overlay}:${values.length === 0 ? ' nothing to set' : ''}`);
  for (const { file, line, value, what, certain } of values)
    console.log(`  ${certain ? 'set  ' : 'check'} ${file}:${line}  ${value}  (${what})`);
}
console.log(left > 0 ? `${left} values lead nowhere until you set them.` : 'Every value leads somewhere.');
process.exitCode = left > 0 ? 1 : 0;
