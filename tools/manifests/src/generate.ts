// `npm run k8s:generate`: writes what follows from the contracts and from the manifests.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generated, withoutPadding } from './generated.js';
import { root } from './render.js';

for (const { file, text } of generated()) {
  const same = withoutPadding(readFileSync(join(root, file), 'utf8')) === withoutPadding(text);
  if (!same) writeFileSync(join(root, file), text);
  console.log(`${same ? 'unchanged' : 'written  '} ${file}`);
}
