import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Example } from '@causeway/system';
import { secretNames } from '@causeway/system';
import { z } from 'zod';
import { repository } from '../places.js';

/** What an example needs of the machine that the repository does not bring. */
const pythonNeeds = z.strictObject({
  /** The oldest version that will do. */
  version: z.string().regex(/^\d+\.\d+$/),
  /** By name of a module: the Debian package that has it. */
  modules: z.record(z.string(), z.string()),
});

/** `service.json` of an example: an entry of the list of services as data, and how to start it. */
const exampleFile = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  title: z.string(),
  role: z.literal('product'),
  port: z.int().min(1_024).max(65_000),
  /** Name of its database and of the role that owns it. */
  database: z.string().regex(/^[a-z][a-z0-9_]*$/),
  nats: z.literal(true),
  tokens: z.literal(true).optional(),
  calls: z.record(z.string(), z.string()).optional(),
  secrets: z.record(z.string(), z.enum(secretNames)).optional(),
  /** Its contract record, relative to the folder. */
  contract: z.string(),
  /** Folders of SQL migrations, relative to the folder, in order; by the name of their set. */
  migrations: z.record(z.string(), z.string()),
  /** Program and arguments, run in the folder. */
  start: z.tuple([z.string()], z.string()),
  python: pythonNeeds.optional(),
});
export type PythonNeeds = z.infer<typeof pythonNeeds>;

/** The part of a contract record that a system needs; `docs/reference/service-contract.md` has all of it. */
const contractFile = z.object({
  service: z.string(),
  streams: z.record(z.string(), z.array(z.string())),
  contracts: z.record(
    z.string(),
    z.object({
      kind: z.enum(['operation', 'event', 'command', 'rpc']),
      owner: z.string(),
      stream: z.string().optional(),
      consumers: z.array(z.string()).optional(),
    }),
  ),
});

/** An example as its folder describes it. */
export interface ExampleService extends Example {
  readonly database: string;
  /** Below `examples`; what `--with` takes. */
  readonly folderName: string;
  readonly folder: string;
  readonly contractFile: string;
  readonly migrations: readonly { readonly name: string; readonly directory: string }[];
  readonly start: readonly [program: string, ...args: string[]];
  readonly python?: PythonNeeds;
}

/** An example cannot be run as it is; the message says what to do. */
export class ExampleUnusable extends Error {}

/** This machine lacks what the example is started with; the message says how to get it. */
export class ProgramMissing extends ExampleUnusable {}

const root = join(repository, 'examples');

/** The examples that exist, by the name of their folder. */
export const exampleNames = (): string[] =>
  existsSync(root)
    ? readdirSync(root)
        .filter((name) => existsSync(join(root, name, 'service.json')))
        .sort()
    : [];

/**
 * Reads what `examples/<folderName>` says about itself.
 * @throws ExampleUnusable when a file is missing or wrong
 */
export function readExample(folderName: string): ExampleService {
  const folder = join(root, folderName);
  const { contract, migrations, ...described } = parsed(exampleFile, join(folder, 'service.json'));
  const record = join(folder, contract);
  const { service, streams, contracts } = parsed(contractFile, record);
  const { name } = described;
  if (service !== name) throw new ExampleUnusable(`${record} is the contract of ${service}, not of ${name}`);
  const entries = Object.entries(contracts);
  return {
    ...described,
    folderName,
    folder,
    contractFile: record,
    streams,
    publishes: entries.filter(([, { kind, owner }]) => kind === 'event' && owner === name).map(([subject]) => subject),
    consumes: Object.fromEntries(
      entries
        .filter(([, { consumers = [] }]) => consumers.includes(name))
        .map(([subject, { stream }]) => [subject, stream ?? '']),
    ),
    forwarded: entries.some(([, { kind, owner }]) => kind === 'operation' && owner === name),
    migrations: Object.entries(migrations).map(([set, directory]) => ({
      name: set,
      directory: join(folder, directory),
    })),
  };
}

function parsed<T>(schema: z.ZodType<T>, file: string): T {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ExampleUnusable(`${file} cannot be read: ${(error as Error).message}`);
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  throw new ExampleUnusable(`${file} is not valid:\n${z.prettifyError(result.error)}`);
}
