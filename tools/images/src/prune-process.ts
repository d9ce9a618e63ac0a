import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prune } from './prune.js';

const [root, workspace, out] = process.argv.slice(2);
if (!root || !workspace || !out) {
  console.error(
    'usage: node prune-process.js <repository, installed and built> <workspace, as apps/order> <output folder>',
  );
  process.exit(2);
}
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
try {
  const { packages, bytes, entries } = prune({ root, workspace, out });
  writeFileSync(join(out, 'entries.json'), JSON.stringify(entries));
  console.log(
    `${workspace}: ${packages.length} packages, ${megabytes(bytes.dependencies)}; own code ${megabytes(bytes.application)}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
