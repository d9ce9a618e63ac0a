import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serviceNames, services, type ServiceName } from '@causeway/system';

export interface CommandLine {
  readonly help: boolean;
  readonly demo: boolean;
  /** Stop after the demo; the exit code says whether it worked. */
  readonly demoOnly: boolean;
  readonly fresh: boolean;
  readonly quiet: boolean;
  readonly logs: boolean;
  /** Data folder; undefined for the usual one. */
  readonly folder: string | undefined;
  readonly freePorts: boolean;
  /** Prometheus and Alertmanager as well. */
  readonly observe: boolean;
  /** PostgreSQL and NATS encrypt. */
  readonly tls: boolean;
  /** Folders below `examples` whose services run, too. */
  readonly examples: readonly string[];
  readonly instances: Readonly<Partial<Record<ServiceName, number>>>;
}

/** The command line is wrong; the message says how to put it right. */
export class UsageError extends Error {}

/** A stand-in plays one external system. */
const scalable = services.filter(({ role }) => role === 'product').map(({ name }) => name);

export const usage = `Starts the whole system on this machine: PostgreSQL, NATS and the services.
Then a demo customer shows what they do. The system stays up until Ctrl-C.

  npm start -- [options]

  --demo-only          stop after the demo; exit code 0 if it worked, else 1
  --no-demo            start only
  --instances a=2,b=3  several instances of a service (${scalable.join(', ')})
  --fresh              forget all data of earlier starts
  --folder <path>      keep data, secrets and logs there instead of in .causeway
  --free-ports         take any free ports: for a second system beside a running one (with --folder)
  --logs               show the logs of the services in the terminal, too
  --with <example>     run a service of examples/ as well, in place of the listed one of its name: blog-python
  --observe            run Prometheus and Alertmanager beside it, with our rules and routes
  --tls                encrypt PostgreSQL and NATS, with certificates made at the start, as in Compose
  --quiet              show problems and the result only
  --help               show this text
`;

/** @throws UsageError that names the wrong option and the expected value */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  if (values['demo-only'] && values['no-demo']) throw new UsageError('--demo-only and --no-demo contradict each other');
  return {
    help: values.help ?? false,
    demo: !values['no-demo'],
    demoOnly: values['demo-only'] ?? false,
    fresh: values.fresh ?? false,
    quiet: values.quiet ?? false,
    logs: values.logs ?? false,
    folder: values.folder === undefined ? undefined : resolve(values.folder),
    freePorts: values['free-ports'] ?? false,
    observe: values.observe ?? false,
    tls: values.tls ?? false,
    examples: (values.with ?? []).flatMap((text) => text.split(',')),
    instances: parseInstances(values.instances ?? []),
  };
}

const flag = { type: 'boolean' } as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'demo-only': flag,
        'no-demo': flag,
        folder: { type: 'string' },
        'free-ports': flag,
        fresh: flag,
        help: { ...flag, short: 'h' },
        instances: { type: 'string', multiple: true },
        logs: flag,
        observe: flag,
        quiet: flag,
        tls: flag,
        with: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function parseInstances(texts: readonly string[]): Partial<Record<ServiceName, number>> {
  const wanted: Partial<Record<ServiceName, number>> = {};
  for (const part of texts.flatMap((text) => text.split(','))) {
    const [name = '', count = ''] = part.split('=');
    const service = serviceNames.find((known) => known === name.trim());
    if (!service)
      throw new UsageError(`--instances: ${JSON.stringify(name)} is no service; there are ${serviceNames.join(', ')}`);
    if (!scalable.includes(service))
      throw new UsageError(`--instances: ${service} stands for one external system and runs once`);
    if (!/^[1-9]$/.test(count.trim()))
      throw new UsageError(`--instances: expected ${service}=<1 to 9>, not ${JSON.stringify(part)}`);
    wanted[service] = Number(count);
  }
  return wanted;
}
