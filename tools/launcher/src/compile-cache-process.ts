import { readdirSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Imports all compiled files of services and libraries once, for the compile cache. Run with NODE_COMPILE_CACHE set.
 */
async function main(repository: string): Promise<void> {
  for (const place of ['libs', 'apps']) {
    for (const project of readdirSync(join(repository, place)))
      await importAll(join(repository, place, project, 'dist'));
  }
  flushCompileCache();
  // Something may have been started by an import; nothing of it is wanted.
  process.exit(0);
}

async function importAll(folder: string): Promise<void> {
  let files: string[];
  try {
    files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return; // Not built.
  }
  for (const file of files.filter(
    (name) => name.endsWith('.js') && !/(^|[\\/])(main|testing[\\/].*|.*\.spec)\.js$/.test(name),
  )) {
    const path = join(folder, file);
    await tryImport(pathToFileURL(path).href);
    // What is loaded on demand only (exporters, engines), if it is a package.
    for (const [, name] of readFileSync(path, 'utf8').matchAll(/\bimport\(['"]([^'".][^'"]*)['"]\)/g))
      await tryImport(name as string);
  }
}

/** What cannot be imported will say so in its service. */
async function tryImport(specifier: string): Promise<void> {
  await import(specifier).catch(() => undefined);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void main(process.argv[2] ?? '.');
