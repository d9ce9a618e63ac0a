// `npm run k8s:to-set -- production`: what is not yours yet in an overlay. Exits with 1 while something is left that leads nowhere.
import { root } from './render.js';
import { valuesToSet } from './to-set.js';

const overlays = process.argv.length > 2 ? process.argv.slice(2) : ['staging', 'production'];
let left = 0;
for (const overlay of overlays) {
  const values = valuesToSet(root, `k8s/overlays/${overlay}`);
  left += values.filter(({ certain }) => certain).length;
  console.log(`${overlay}: ${values.length === 0 ? 'nothing to set, or no such overlay' : ''}`);
  for (const { file, line, value, what, certain } of values)
    console.log(`  ${certain ? 'set  ' : 'check'} ${file}:${line}  ${value}  (${what})`);
}
console.log(left > 0 ? `${left} values lead nowhere until you set them.` : 'Every value leads somewhere.');
process.exitCode = left > 0 ? 1 : 0;
