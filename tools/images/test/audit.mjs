// Runs inside a container, mounted: imports everything that the image has of our own code, and compares what Node
// loaded with what is there. Prints one line of JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const root = process.cwd();
const packageOf = (path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    const folder = packageOf(url.replace('file://', ''));
    if (folder) loaded.add(folder);
    return next(url, context);
  },
});

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`);
const ours = files.filter(
  (file) =>
    file.endsWith('.js') &&
    /^\/app\/(dist|node_modules\/@causeway\/[^/]+\/dist)\//.test(file) &&
    file !== '/app/dist/main.js',
);

const failed = new Set();
for (const file of ours) {
  await import(pathToFileURL(file).href).catch((error) => failed.add(error.message));
  // What is loaded on demand.
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/\bimport\(['"]([^'".][^'"]*)['"]\)/g))
    await import(import.meta.resolve(name, pathToFileURL(file).href)).catch((error) => failed.add(error.message));
}

// A package that was not loaded by all that must at least be named by a file that loads it later. Plain text search:
// another method than the one by which the image was made.
const builtins = new Set(builtinModules);
const packages = [...new Set(files.map(packageOf))].filter((folder) => folder !== undefined);
const named = new Map(packages.map((folder) => [folder, new Set()]));
for (const file of files.filter((name) => /\.[cm]?js$/.test(name))) {
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(
    /(?:\brequire\(|\bimport\(|\bfrom)\s*['"]([^'"]+)['"]/g,
  )) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (/^[./#]|^node:/.test(specifier) || builtins.has(name)) continue;
    for (let place = packageOf(file) ?? root; ; place = place.replace(/\/node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
      const candidate = `${place}/node_modules/${name}`;
      if (named.has(candidate)) named.get(candidate).add(packageOf(file) ?? 'the app');
      if (named.has(candidate) || place === root) break;
    }
  }
}
const idle = packages.filter((folder) => !loaded.has(folder) && [...named.get(folder)].every((by) => by === folder));
const strange = files.filter(
  (file) => /\.(ts|map)$/.test(file) && !ours.includes(file.replace(/\.map$/, '')) && !file.endsWith('main.js.map'),
);
console.log(JSON.stringify({ failed: [...failed], idle, strange, packages, loaded: loaded.size }));
process.exit(0);
