import { parseArgs } from 'node:util';
import { Refused } from './run.js';

export const steps = ['check', 'cluster', 'metrics', 'images', 'secrets', 'apply', 'wait', 'try'] as const;
export type UpStep = (typeof steps)[number];
export const commands = [
  'up',
  'demo',
  // demo
  'rolling',
  // end demo
  'down',
] as const;
export type CommandName = (typeof commands)[number];

export interface Options {
  readonly command: CommandName;
  /** Of `up`, in the order of {@link steps}. */
  readonly steps: readonly UpStep[];
  readonly context: string;
  /** Name of the kind cluster; undefined for a foreign cluster. */
  readonly cluster: string | undefined;
  /** A command that loads images into the cluster; undefined for `kind load`. */
  readonly imageLoader: string | undefined;
  readonly build: boolean;
  /** Where the gateway is reached, without a path. */
  readonly url: string;
  readonly timeoutMs: number;
  // demo
  /** Of `rolling`: customers at the same time. */
  readonly customers: number;
  /** Of `rolling`: whether a restart without drain follows, which must drop requests. */
  readonly control: boolean;
  // end demo
}

export const usage = [
  'The whole system on a Kubernetes cluster.',
  '',
  '  npm run kind:up -- [options] [steps]   a kind cluster with everything in it; again: what has changed since',
  '  npm run kind:demo -- [options]         a customer shows what it does, through the cluster',
  // demo
  '  npm run kind:rolling -- [options]      restarts every Deployment under load; fails if that drops a request',
  // end demo
  '  npm run kind:down -- [options]         deletes the cluster; with --no-cluster the namespace, with all data',
  '',
  '  steps (default: all)',
  '    check      docker, kind and kubectl are there and new enough',
  '    cluster    a kind cluster',
  '    metrics    metrics-server, which autoscalers ask; in a foreign cluster only a check whether it exists',
  '    images     built, and loaded into the cluster',
  '    secrets    generated, where they are missing',
  '    apply      k8s/overlays/kind',
  '    wait       until everything is ready',
  '    try        shows what it does to a customer, prints the addresses',
  '',
  '  options',
  '    --context <name>           kubectl context (default kind-<cluster>)',
  '    --cluster <name>           name of the kind cluster (default causeway)',
  '    --no-cluster               use the cluster of --context, and neither create nor delete one',
  '    --image-loader <command>   how images get there instead of kind load: {image} is replaced by each image; without it the',
  '                               command gets all of them as a docker archive on standard input. none: they are there already.',
  "                               Examples: 'minikube image load {image}', 'sudo k3s ctr images import -'",
  '    --no-build                 the images causeway/<app>:dev of the local engine are up to date',
  '    --url <address>            where the gateway is reached (default http://127.0.0.1:30080, also where no kind maps the port: then',
  '                               through the port of the node, or kubectl port-forward)',
  '    --timeout <seconds>        for all to become ready (default 420)',
  // demo
  '    --customers <number>       of rolling: how many order at the same time (default 4); fewer on a slow machine',
  '    --no-control               of rolling: leave out the restart without drain, which takes the gateway away for some seconds',
  // end demo
  '    --help                     this text',
  '',
  '  exit codes: 0 done; 1 failed',
  // demo
  '  exit codes of rolling: 0 no request dropped; 1 failed; 2 it proves nothing here, and says why',
  // end demo
  '',
].join('\n');

/** The user asked for help: show {@link usage}. */
export class HelpWanted extends Error {}

/** @throws Refused when something contradicts itself; HelpWanted */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help) throw new HelpWanted();
  const [command, ...named] = positionals;
  if (!commands.includes(command as CommandName))
    refuse(`there is no command ${command ?? ''}; there are ${commands.join(', ')}`);
  const unknown = named.filter((step) => !steps.includes(step as UpStep));
  if (unknown.length > 0) refuse(`there is no step ${unknown.join(', ')}; there are ${steps.join(', ')}`);
  if (named.length > 0 && command !== 'up') refuse('only up has steps');
  // demo
  if (command !== 'rolling' && (values.customers !== undefined || values['no-control']))
    refuse('--customers and --no-control are options of rolling');
  // end demo
  const foreign = values['no-cluster'] ?? false;
  if (foreign && values.context === undefined)
    refuse('--no-cluster needs --context: which cluster? (kubectl config get-contexts)');
  if (foreign && values.cluster !== undefined) refuse('--cluster and --no-cluster contradict each other');
  const imageLoader = values['image-loader'];
  const chosen =
    named.length > 0
      ? steps.filter((step) => named.includes(step))
      : steps.filter((step) => step !== 'cluster' || !foreign);
  if (foreign && chosen.includes('cluster')) refuse('the step cluster and --no-cluster contradict each other');
  if (foreign && imageLoader === undefined && command === 'up' && chosen.includes('images'))
    refuse("--no-cluster needs --image-loader: how do images get there? 'none' where they are already");
  const cluster = values.cluster ?? 'causeway';
  return {
    command: command as CommandName,
    steps: chosen,
    context: values.context ?? `kind-${cluster}`,
    cluster: foreign ? undefined : cluster,
    imageLoader,
    build: !values['no-build'],
    url: addressOf(values.url ?? 'http://127.0.0.1:30080'),
    timeoutMs: numberOf('--timeout', 'seconds', values.timeout ?? '420') * 1_000,
    // demo
    customers: numberOf('--customers', 'a number', values.customers ?? '4'),
    control: !values['no-control'],
    // end demo
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        context: { type: 'string' },
        cluster: { type: 'string' },
        'no-cluster': { type: 'boolean' },
        'image-loader': { type: 'string' },
        'no-build': { type: 'boolean' },
        url: { type: 'string' },
        timeout: { type: 'string' },
        // demo
        customers: { type: 'string' },
        'no-control': { type: 'boolean' },
        // end demo
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(message: string): never {
  throw new Refused(`${message}\nnpm run kind:up -- --help lists commands, steps and options.`);
}

function addressOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' || url.pathname !== '/') refuse(`--url: expected http://<host>:<port>, not ${text}`);
  return url.origin;
}

function numberOf(option: string, what: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) refuse(`${option}: expected ${what}, not ${text}`);
  return Number(text);
}
