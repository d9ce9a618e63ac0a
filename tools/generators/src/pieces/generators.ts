import type { GeneratorCallback, Tree } from '@nx/devkit';
import { generate } from '../service/finish.js';
import { recordStep } from '../template/steps.js';
import { addCommand, type NewCommandOptions } from './command.js';
import { addConsumer, type ConsumerOptions } from './consumer.js';
import { addEvent, type EventOptions } from './event.js';
import { addMigration, nextTimestamp, type MigrationOptions } from './migration.js';
import { addRoute, type RouteOptions } from './route.js';
import { addRpc, type NewRpcOptions } from './rpc.js';

// What `nx generate` runs: a piece, its step in the record, and then what follows from contracts is generated anew.

type Timed<Options extends { readonly timestamp: string }> = Omit<Options, 'timestamp'> &
  Partial<Pick<Options, 'timestamp'>>;

export const eventGenerator = (tree: Tree, options: EventOptions): Promise<GeneratorCallback> =>
  piece(tree, 'event', options, addEvent);

export const commandGenerator = (tree: Tree, options: Timed<NewCommandOptions>): Promise<GeneratorCallback> =>
  piece(tree, 'command', timed(tree, options), addCommand);

export const rpcGenerator = (tree: Tree, options: Timed<NewRpcOptions>): Promise<GeneratorCallback> =>
  piece(tree, 'rpc', timed(tree, options), addRpc);

export const consumerGenerator = (tree: Tree, options: Timed<ConsumerOptions>): Promise<GeneratorCallback> =>
  piece(tree, 'consumer', timed(tree, options), addConsumer);

export const migrationGenerator = (tree: Tree, options: Timed<MigrationOptions>): Promise<GeneratorCallback> =>
  piece(tree, 'migration', timed(tree, options), addMigration);

export const routeGenerator = (tree: Tree, options: Timed<RouteOptions>): Promise<GeneratorCallback> =>
  piece(tree, 'route', timed(tree, options), addRoute);

async function piece<Options extends object>(
  tree: Tree,
  generator: string,
  given: Options,
  add: (tree: Tree, options: Options) => unknown,
): Promise<GeneratorCallback> {
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Options;
  await add(tree, options);
  recordStep(tree, { generator, options: { ...options } as Record<string, unknown> });
  // The broker's permissions, KEDA's triggers and Prisma's clients follow from what was added.
  return () => generate(tree.root);
}

function timed<Options extends { readonly service: string; readonly timestamp?: string }>(
  tree: Tree,
  options: Options,
): Options & { readonly timestamp: string } {
  return { ...options, timestamp: options.timestamp ?? nextTimestamp(tree, options.service, new Date()) };
}
