// Runs while an image is built, with the user and the paths of the running service: fills NODE_COMPILE_CACHE with the
// compiled code of everything that the service imports.
//   node compile-cache.mjs dependencies <entries.json>   other people's packages that our code imports
//   node compile-cache.mjs application                   our own code
import { readFileSync, readdirSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [what, entries] = process.argv.slice(2);
const app = pathToFileURL(`${process.cwd()}/`);
const failed = [];

async function tryImport(specifier) {
  try {
    return await import(specifier);
  } catch (error) {
    failed.push(error.message);
    return {};
  }
}

/** Everything but `main.js`, which would start the service: 1 of 300 files is compiled at the start. */
const modulesIn = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && name !== 'main.js' && !name.includes('node_modules'))
    .sort()
    .map((name) => new URL(join(folder, name), app).href);

async function importOurs() {
  const libraries = readdirSync('node_modules/@causeway').map((library) => `node_modules/@causeway/${library}/dist`);
  for (const folder of [...libraries, 'dist']) for (const file of modulesIn(folder)) await tryImport(file);
}

async function importTheirs() {
  const modules = new Map();
  for (const specifier of JSON.parse(readFileSync(entries, 'utf8')))
    modules.set(specifier, await tryImport(import.meta.resolve(specifier, app)));
  await startSomething(
    modules.get('@nestjs/core'),
    modules.get('@nestjs/common'),
    modules.get('@nestjs/platform-fastify'),
  );
}

/** Much is loaded, and most functions are compiled, when an application starts and answers for the first time. */
async function startSomething({ NestFactory }, { Controller, Get, Module }, { FastifyAdapter }) {
  class Something {
    hello() {
      return { hello: 'world' };
    }
  }
  Controller()(Something);
  Get()(Something.prototype, 'hello', Object.getOwnPropertyDescriptor(Something.prototype, 'hello'));
  class Whole {}
  Module({ controllers: [Something] })(Whole);
  const running = await NestFactory.create(Whole, new FastifyAdapter(), { logger: false });
  await running.listen(0, '127.0.0.1');
  const response = await fetch(await running.getUrl());
  if (response.status !== 200) failed.push(`the application that was started for a try answered ${response.status}`);
  await running.close();
}

await (what === 'application' ? importOurs() : importTheirs());
flushCompileCache();
if (failed.length > 0) console.error(`the compile cache could not be filled:\n  ${[...new Set(failed)].join('\n  ')}`);
// Something may have been started by an import; nothing of it is wanted.
process.exit(failed.length > 0 ? 1 : 0);
