import { runDemo } from '@causeway/demo-client';
import { applyManifests, applySecrets, foreignImages, renderFor } from './apply.js';
import { ensureCluster, takeDown } from './cluster.js';
import { provideImages } from './images.js';
import { Kubectl } from './kubectl.js';
import { awaitMetrics, provideMetrics } from './metrics.js';
import type { Options, UpStep } from './options.js';
import { endpointsAt, openRoute, type Route } from './reach.js';
import { checkRequirements, checkServer } from './requirements.js';
import { rollUnderLoad } from './rolling.js';
import { Refused } from './run.js';
import { waitUntilReady } from './wait.js';

type Say = (line: string) => void;

/** Runs a command of the command line. @throws Refused with what to do. */
export async function runCommand(options: Options, say: Say): Promise<void> {
  const kubectl = new Kubectl(options.context);
  switch (options.command) {
    case 'up':
      return up(options, kubectl, say);
    case 'demo':
      return tryIt(options, kubectl, say);
    // demo
    case 'rolling':
      return rolling(options, kubectl, say);
    // end demo
    case 'down':
      return takeDown(options, say);
  }
}

async function up(options: Options, kubectl: Kubectl, say: Say): Promise<void> {
  const run: Readonly<Record<UpStep, () => Promise<void>>> = {
    check: async () => {
      const docker = options.imageLoader !== 'none' && options.steps.includes('images');
      const found = await checkRequirements({ docker, kind: options.cluster !== undefined });
      say(`found ${found.join(', ')}`);
    },
    cluster: () => ensureCluster(options.cluster!, say),
    metrics: () => provideMetrics(options, say),
    images: async () => provideImages(options, foreignImages((await renderFor(options)).rendered), say),
    secrets: async () => {
      say(await checkServer(kubectl));
      const made = await applySecrets(kubectl, (await renderFor(options)).rendered);
      say(made.length > 0 ? `generated ${made.length} secrets` : 'all secrets are there');
    },
    apply: async () => {
      const said = await applyManifests(kubectl, (await renderFor(options)).text);
      say(`applied ${said.length} objects`);
    },
    wait: async () => {
      const { rendered } = await renderFor(options);
      await waitUntilReady(kubectl, rendered, { timeoutMs: options.timeoutMs, say });
      if (options.cluster !== undefined) await awaitMetrics(options, say);
    },
    try: () => tryIt(options, kubectl, say),
  };
  for (const step of options.steps) {
    say(`── ${step}`);
    await named(step, run[step]);
  }
  if (options.steps.at(-1) === 'try') printNextSteps(options, say);
}

/** A failed step can be run again by itself. */
async function named(step: UpStep, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(
      `${error.message}\n\nThe step ${step} failed. Fix the cause and run the same command again: finished steps are not repeated.`,
    );
  }
}

async function withRoute(
  kubectl: Kubectl,
  url: string,
  say: Say,
  work: (route: Route) => Promise<void>,
): Promise<void> {
  const route = await openRoute(kubectl, url);
  try {
    say(`the gateway answers at ${route.description}`);
    await work(route);
  } finally {
    await route.close();
  }
}

const tryIt = ({ url }: Options, kubectl: Kubectl, say: Say): Promise<void> =>
  withRoute(kubectl, url, say, async () => {
    try {
      await runDemo(endpointsAt(url), { say, settleMs: 60_000 });
    } catch (error) {
      throw new Refused(`The demo failed: ${(error as Error).message}`);
    }
  });

// demo
async function rolling(options: Options, kubectl: Kubectl, say: Say): Promise<void> {
  const { rendered } = await renderFor(options);
  const { url, timeoutMs, control, customers } = options;
  await withRoute(kubectl, url, say, async ({ balanced }) => {
    if (!balanced)
      throw new Refused(
        'Only kubectl port-forward reaches the gateway, and that stays with one pod. Open port 30080 of a node to this machine, or give --url.',
      );
    await rollUnderLoad(kubectl, rendered, { url, timeoutMs, control, load: { customers }, say });
  });
}

// end demo
function printNextSteps({ url, context, cluster }: Options, say: Say): void {
  const target = cluster === undefined ? ` -- --no-cluster --context ${context}` : '';
  for (const line of [
    '',
    `Causeway is up.`,
    `  API and documentation   ${url}/docs`,
    `  sign-in                 ${url}/oidc/.well-known/openid-configuration`,
    `  what runs               kubectl --context ${context} --namespace causeway get pods`,
    '',
    `Next: npm run kind:demo${target}`,
    // demo
    `      npm run kind:rolling${target}      restarts everything under load`,
    // end demo
    `      npm run kind:down${target}         ends it`,
  ])
    say(line);
}
