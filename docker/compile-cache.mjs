// Runs while an image is built, as the user and from the path of later: fills NODE_COMPILE_CACHE with the compiled code of what is imported.
//   node compile-cache.mjs dependencies <entries.json>   other people's packages that our code imports
//   node compile-cache.mjs application                   our own code
import { readFileSync, readdirSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [what, entries] = process.argv.slice(2);
const app = pathToFileURL(`${process.cwd()}/`);

const compiledIn = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && !/(^|\/)main\.js$/.test(name) && !name.includes('node_modules/'))
    .sort()
    .map((name) => new URL(join(folder, name), app).href);

const ours = () => [
  ...readdirSync('node_modules/@causeway').flatMap((library) => compiledIn(`node_modules/@causeway/${library}/dist`)),
  ...compiledIn('dist'),
];

const failed = [];
for (const specifier of what === 'application' ? ours() : JSON.parse(readFileSync(entries, 'utf8'))) {
  await import(what === 'application' ? specifier : import.meta.resolve(specifier, app)).catch((error) => failed.push(error.message));
}
flushCompileCache();
if (failed.length > 0) console.error(`could not be imported:\n  ${[...new Set(failed)].join('\n  ')}`);
// Something may have been started by an import; nothing of it is wanted.
process.exit(failed.length > 0 ? 1 : 0);
