import { call, runDemo, type Endpoints } from '@causeway/demo-client';
import { DeliveryRefused } from './refused.js';

export interface SmokeOptions {
  /** The public address: `https://shop.staging.example.org`. */
  readonly url: string;
  /** The redirect URI that the demo's client is registered with. Default: the address and `/callback`. */
  readonly redirectUri?: string;
  /** `/health/live` of the gateway's management port, where the runner reaches it: says which version answers. */
  readonly healthUrl?: string;
  /** The version that has to answer. */
  readonly version?: string;
  /** Registers a customer and shows the demo. For environments with pretend peers; default false. */
  readonly demo?: boolean;
  /** Time for the roll-out, milliseconds. */
  readonly withinMs: number;
  /** Receives a line about each step. */
  readonly say: (line: string) => void;
}

/**
 * Waits until an environment answers, in the wanted version, then uses it as a customer does.
 * @throws DeliveryRefused with the step that failed
 */
export async function smoke({ url, demo = false, say, ...options }: SmokeOptions): Promise<void> {
  if (options.version && options.healthUrl) await waitForVersion(options.healthUrl, options.version, options.withinMs);
  else say('  version      not checked: --health and --version were not given');
  await eventually(options.withinMs, async () => {
    const document = await call(url, '/openapi.json');
    if (document.status !== 200) throw new Error(`GET /openapi.json answered ${document.status}`);
  });
  say('  document     a visitor gets it');
  const stranger = await call<{ code?: string }>(url, '/v1/users/me');
  if (stranger.status !== 401)
    throw new DeliveryRefused(`GET /v1/users/me without a token answered ${stranger.status}, not 401.`);
  say('  profile      nobody sees one without a token');
  if (!demo) return;
  const redirectUri = options.redirectUri ?? new URL('/callback', url).href;
  const endpoints: Endpoints = {
    gateway: url,
    oidc: { issuer: `${url}/oidc`, clientId: 'causeway-demo', redirectUri },
  };
  try {
    await runDemo(endpoints, { say, settleMs: 60_000 });
  } catch (error) {
    throw new DeliveryRefused(`The demo failed: ${(error as Error).message}`);
  }
}

/** The version as processes report it: what is no semantic version becomes a pre-release (libs/service-host). */
const waitForVersion = (healthUrl: string, version: string, withinMs: number): Promise<void> =>
  eventually(withinMs, async () => {
    const answer = (await (await fetch(healthUrl, { signal: AbortSignal.timeout(10_000) })).json()) as {
      version?: string;
    };
    if (!answer.version?.endsWith(version)) throw new Error(`${healthUrl} says ${answer.version}, expected ${version}`);
  });

/** Tries every two seconds. @throws DeliveryRefused with the last failure */
async function eventually(withinMs: number, attempt: () => Promise<void>): Promise<void> {
  for (const limitAt = performance.now() + withinMs; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > limitAt)
        throw new DeliveryRefused(
          `Not well after ${withinMs / 1_000} s: ${reasonOf(error as Error)}. Look at the roll-out, then npm run rollback.`,
        );
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

/** `fetch failed` says nothing; its cause does: ECONNREFUSED, ENOTFOUND, an expired certificate. */
const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message} (${cause.message})` : message;
