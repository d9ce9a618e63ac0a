#!/usr/bin/env node
// The executable of `npx causeway`. Plain JavaScript, because it is linked before anything is built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('./dist/main.js', import.meta.url);
if (!existsSync(fileURLToPath(entry))) {
  process.stderr.write('causeway is not built; run: npm run build\n');
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(entry.href);
