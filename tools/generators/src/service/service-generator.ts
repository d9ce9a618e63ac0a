import { join } from 'node:path';
import { generateFiles, type GeneratorCallback, type Tree } from '@nx/devkit';
import { formatted } from '../edit/file.js';
import { recordStep } from '../template/steps.js';
import { makeRoom } from './cluster.js';
import { addContracts } from './contracts.js';
import { generate, linkProjects, recordContracts } from './finish.js';
import { lockedVersion, lockProject } from './lock.js';
import { capital, fileNameOf } from './names.js';
import { planOf, type ServiceOptions, type ServicePlan } from './plan.js';
import { aboutOf, stopsOf } from './readme.js';
import { addToList } from './registration.js';

/**
 * Adds a service: its folder, its contracts, its entry in the list of services, its place in the lock and in the cluster.
 * @returns what is left to do on the disk: to link it, to build, and to generate what follows from the lists
 * @throws when the options cannot be; nothing is written then
 */
export async function serviceGenerator(tree: Tree, options: ServiceOptions): Promise<GeneratorCallback> {
  await addService(tree, planOf(tree, options));
  return () => {
    linkProjects(tree.root);
    generate(tree.root);
    recordContracts(tree.root);
  };
}

export default serviceGenerator;

/** Everything that is a pure function of the tree. */
export async function addService(tree: Tree, plan: ServicePlan): Promise<void> {
  await addToList(tree, plan);
  await addContracts(tree, plan);
  await addFiles(tree, plan);
  lockProject(tree, `apps/${plan.name}`);
  makeRoom(tree, plan);
  recordStep(tree, { generator: 'service', options: { ...recorded(plan) } });
}

/** With the time and everything else that had a default, so that the same can be done again. */
const recorded = ({
  name,
  title,
  shape,
  database,
  publishes,
  consumes,
  http,
  tokens,
  timestamp,
}: ServicePlan): ServiceOptions => ({
  name,
  title,
  shape,
  database,
  publishes: publishes.map(({ subject }) => subject),
  consumes: consumes.map(({ subject }) => subject),
  http: tokens,
  ...(tokens && !http && { empty: true }),
  timestamp,
});

/** Which folders of `files` a service takes. */
function foldersOf({ database, entity, http, shape, publishes }: ServicePlan): string[] {
  if (database && !entity) return ['common', 'database', 'empty-database'];
  if (!database) return ['common', 'empty', ...(http ? [`question-${shape}`] : [])];
  return [
    'common',
    'database',
    'table',
    shape,
    ...(http ? [`${shape}-http`] : []),
    ...(shape === 'flat' && (http || publishes.length > 0) ? ['flat-spec'] : []),
  ];
}

async function addFiles(tree: Tree, plan: ServicePlan): Promise<void> {
  const folder = `apps/${plan.name}`;
  const consumes = plan.consumes.map((event) => ({
    ...event,
    file: fileNameOf(event.constant),
    Event: capital(event.constant),
  }));
  const values = { ...plan, consumes, ...dependenciesOf(tree, plan), about: aboutOf(plan), stops: stopsOf(plan) };
  const files = join(import.meta.dirname, 'files');
  for (const each of foldersOf(plan)) generateFiles(tree, join(files, each), folder, values);
  for (const event of consumes)
    generateFiles(tree, join(files, `${plan.shape}-messages`), folder, { ...values, ...event });
  for (const { path } of tree.listChanges().filter(({ path }) => path.startsWith(`${folder}/`))) {
    const text = tree.read(path, 'utf8') ?? '';
    if (/\.(ts|md|json)$/.test(path)) tree.write(path, await formatted(tree.root, path, text));
  }
}

/** The packages that the code of a service imports, in the versions of the lock. */
function dependenciesOf(tree: Tree, { database, tokens, consumes, publishes }: ServicePlan) {
  const stored = database && tokens;
  const code = [
    ...(tokens ? ['@causeway/auth', '@causeway/contracts'] : []),
    ...(consumes.length + publishes.length > 0 ? ['@causeway/contracts'] : []),
    ...(stored ? ['@causeway/config', '@causeway/errors', 'fastify', 'zod'] : []),
    ...(database ? ['@causeway/persistence', '@prisma/adapter-pg', '@prisma/client', 'pg', 'uuid'] : []),
    ...['@causeway/discovery', '@causeway/messaging', '@causeway/service-host', '@nestjs/common', '@nestjs/core'],
    ...['@nestjs/microservices', '@nestjs/platform-fastify', 'reflect-metadata', 'rxjs'],
  ];
  const tests = [
    '@causeway/config',
    '@causeway/testkit',
    '@nats-io/transport-node',
    ...(consumes.length > 0 ? ['@nats-io/jetstream'] : []),
  ];
  const locked = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries([...new Set(names)].sort().map((name) => [name, lockedVersion(tree, name)]));
  return { dependencies: locked(code), devDependencies: locked(tests.filter((name) => !code.includes(name))) };
}
