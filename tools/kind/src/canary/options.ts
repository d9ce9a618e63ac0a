import { parseArgs } from 'node:util';
import { Refused } from '../run.js';

export interface CanaryOptions {
  /** The service whose new version is tried. */
  readonly app: string;
  /** Percent of the requests for the canary; undefined only looks. */
  readonly weight: number | undefined;
  /** kubectl's context; undefined for the current one. */
  readonly context: string | undefined;
  readonly namespace: string;
  /** Prints what would be done. */
  readonly print: boolean;
  /** Shifts more than {@link largestStep} at once. */
  readonly force: boolean;
}

/** Of the overlays kind and production. */
export const defaultNamespace = 'causeway';

/** Percentage points that a canary may gain at once: a version that fails at 10 % shall not meet everybody next. */
export const largestStep = 50;

export const canaryUsage = `The share of requests that go to a new version (components/canary-*).

  npm run k8s:canary -- user           shows the weights, and the pods of both versions
  npm run k8s:canary -- user  10       gives the canary 10 % of the requests; 0 to 100
  npm run k8s:canary -- user  undo     takes all of them back, without looking at anything else

  options
    --context <name>     kubectl context (default: the current one)
    --namespace <name>   of the system (default ${defaultNamespace}; the overlay staging has causeway-staging)
    --print              changes nothing: prints the patch, for kubectl and for an overlay that is deployed by GitOps
    --force              more than ${largestStep} percentage points at once
    --help               this text

  exit codes: 0 done, 1 refused or failed`;

/** @throws Refused with what is wrong; undefined means that help was asked for. */
export function parseCanaryOptions(args: readonly string[]): CanaryOptions | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const [app, share, ...more] = positionals;
  if (app === undefined) throw new Refused(`Which service?\n\n${canaryUsage}`);
  if (more.length > 0) throw new Refused(`${more.join(' ')} is too much.\n\n${canaryUsage}`);
  return {
    app,
    weight: share === undefined ? undefined : weightOf(share),
    context: values.context,
    namespace: values.namespace,
    print: values.print,
    force: values.force,
  };
}

function parsed(args: readonly string[]) {
  const options = {
    context: { type: 'string' },
    namespace: { type: 'string', default: defaultNamespace },
    print: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new Refused(`${(error as Error).message}\n\n${canaryUsage}`);
  }
}

function weightOf(text: string): number {
  if (text === 'undo') return 0;
  const weight = Number(text.replace(/%$/, ''));
  if (/^\d{1,3}%?$/.test(text) && weight <= 100) return weight;
  throw new Refused(`${text} is no share: give a whole percentage, 0 to 100, or undo.`);
}
