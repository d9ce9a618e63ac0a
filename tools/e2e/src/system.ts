import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { call, operatorToken } from '@causeway/demo-client';
import { startSystem } from '@causeway/launcher';
import type { ServiceName } from '@causeway/system';
import { wrongLines } from './log-lines.js';
import { patience } from './patience.js';
import { processTarget, type Instance, type Target } from './target.js';

type Env = Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
/** Shortened waits: the tests provoke what takes minutes in production. */
const impatience: Env = {
  gateway: { ...patience, RATE_LIMIT_PER_MINUTE: '100000', RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000' },
  user: patience,
  // demo
  order: { ...patience, ORDER_REDRIVE_MS: '2000', ORDER_REDRIVE_MAX_MS: '4000', ORDER_TIMER_POLL_MS: '200' },
  payment: { ...patience, PSP_TIMEOUT_MS: '1500', PAYMENT_RESOLVE_SCHEDULE_MS: '300,700,1500', PAYMENT_POLL_MS: '100' },
  'psp-sandbox': { PSP_SLOW_MS: '6000', PSP_WEBHOOK_CHAOS: '0.3' },
  // end demo
};

/** Set by the Jest configuration of `npm run test:images`; absent in `npm test`. */
declare const causewayTarget: 'images' | undefined;

/**
 * Starts a whole system for one test file, on free ports and with its own data: real processes, or containers from the
 * images. At the end, every line that its instances have logged must fit the schema of log lines.
 * @param env Settings over those of a laptop. Default: everything that has to do with waiting, shortened.
 */
export function useSystem(
  instances: Partial<Record<ServiceName, number>> = {},
  env: Env = impatience,
): { readonly system: Target } {
  expectDeclaredResponses();
  const holder: { system?: Target } = {};
  beforeAll(async () => {
    holder.system = await startTarget(instances, env);
  }, 240_000);
  afterAll(async () => {
    const { system } = holder;
    const logs = await Promise.all((system?.services ?? []).map((instance) => instance.log()));
    await system?.stop();
    expect(wrongLines(logs.flat())).toEqual([]);
  }, 120_000);
  return holder as { readonly system: Target };
}

async function startTarget(instances: Partial<Record<ServiceName, number>>, env: Env): Promise<Target> {
  if (typeof causewayTarget !== 'undefined' && causewayTarget === 'images') {
    const { composeTarget } = await import('./compose-target.js');
    return composeTarget({ env, instances });
  }
  const folder = mkdtempSync(join(tmpdir(), 'causeway-e2e-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const target = processTarget(await startSystem({ folder, ports: 'any', durable: false, instances, env }));
    return { ...target, stop: () => target.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The instances of one service. */
export const instancesOf = (system: Target, name: ServiceName): Instance[] =>
  system.services.filter(({ service }) => service === name);

// demo
export interface LedgerTotals {
  readonly reference: string;
  readonly charges: number;
  readonly authorizedMinor: number;
  readonly capturedMinor: number;
  readonly voidedMinor: number;
  readonly refundedMinor: number;
}

/** Returns the payment provider's sums for one payment, as an independent witness. Zeros for an unknown payment. */
export async function ledgerOf(system: Target, paymentId: string): Promise<LedgerTotals> {
  const { status, body } = await call<{ sums: LedgerTotals[] }>(system.urls.psp, `/ledger?reference=${paymentId}`, {
    headers: { authorization: `Bearer ${system.secrets.pspApiKey}` },
  });
  if (status === 429) {
    // It limits how many read at a time, as a provider does; a busy machine answers fewer of them in the meantime.
    await sleep(500);
    return ledgerOf(system, paymentId);
  }
  if (status !== 200) throw new Error(`the ledger answered ${status}`);
  const nothing = {
    reference: paymentId,
    charges: 0,
    authorizedMinor: 0,
    capturedMinor: 0,
    voidedMinor: 0,
    refundedMinor: 0,
  };
  return body.sums[0] ?? nothing;
}

// end demo
/** Returns an access token for the operators' client. */
export const machineToken = ({ oidc }: Target, scope: string): Promise<string> =>
  operatorToken(oidc.issuer, { id: oidc.machineClientId, secret: oidc.machineSecret }, scope);

export const newKey = (): string => randomUUID();
