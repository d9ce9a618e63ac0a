import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Contract, Contracts } from '@causeway/contracts/published';
import { breaks, type ContractUse } from './compatibility.js';

// Resolved by name, so that whatever collects what an image needs finds it.
const require = createRequire(import.meta.url);
const file = require.resolve('@causeway/contracts/published.json');

/** Contracts as they were recorded for the last release: `libs/contracts/published.json`. */
export const publishedContracts = (): Contracts => JSON.parse(readFileSync(file, 'utf8')) as Contracts;

export const publish = (contracts: Contracts): void => writeFileSync(file, `${JSON.stringify(contracts, null, 2)}\n`);

export interface ContractChanges {
  /** What old clients, consumers or messages would run into, a sentence each. */
  readonly breaking: readonly string[];
  /** Names of contracts that are new or changed and not recorded. */
  readonly unrecorded: readonly string[];
}

/** Compares what the code has with what is published. */
export function contractChanges(before: Contracts, next: Contracts): ContractChanges {
  const breaking = Object.entries(before).flatMap(([name, old]) => {
    const current = next[name];
    if (!current) return [`${name}: was removed; keep it until nobody uses it and no stream holds it`];
    return contractBreaks(old, current).map((sentence) => `${name}: ${sentence}`);
  });
  const unrecorded = Object.keys(next).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(next[name]));
  return { breaking, unrecorded };
}

const useOf = (part: string): ContractUse => (part === 'message' || part === 'response' ? part : 'request');

function contractBreaks(before: Contract, next: Contract): string[] {
  const missing = (next.needs ?? []).filter((need) => !before.needs?.includes(need));
  return [
    ...(before.address === next.address ? [] : [`was ${before.address} and is ${next.address}`]),
    ...missing.map((need) => `needs ${need} now; old clients do not send it`),
    ...Object.entries(before.schemas).flatMap(([part, schema]) => {
      const current = next.schemas[part];
      if (!current) return [`has no ${part} any more`];
      return breaks(schema, current, useOf(part)).map((sentence) => `${part} ${sentence}`);
    }),
    ...Object.keys(next.schemas)
      .filter(
        (part) => !before.schemas[part] && useOf(part) === 'request' && (next.schemas[part]?.required ?? []).length > 0,
      )
      .map((part) => `needs a ${part} now; old clients send none`),
  ];
}
