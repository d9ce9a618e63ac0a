import type { Check } from './check.js';
import { authenticationChecks } from './checks/authentication.js';
import { publishedCheck } from './checks/events.js';
import { inputChecks } from './checks/input.js';
import { lifecycleChecks } from './checks/lifecycle.js';
import { consumerChecks } from './checks/messages.js';
import { onceChecks } from './checks/requests-once.js';
import { discoveryCheck, rpcChecks } from './checks/rpcs.js';
import { successChecks } from './checks/success.js';
import { surfaceChecks } from './checks/surface.js';
import { operationsOf } from './requests.js';
import type { SuiteTarget } from './target.js';

/**
 * Every check that follows from the record of a service, in the order in which they must run: those on what it has
 * published come after all that make it publish, and those that stop servers come last.
 * @throws when the fixture names an operation, a message or a check that there is not
 */
export function checksOf({ record, fixture, database = true, broker = true }: SuiteTarget): Check[] {
  const { service, contracts, sends } = record;
  const operations = operationsOf(contracts);
  const entries = Object.entries(contracts);
  const checks = [
    ...surfaceChecks(operations),
    ...(broker ? [discoveryCheck] : []),
    ...operations.flatMap((operation) => [
      ...successChecks(operation),
      ...authenticationChecks(operation),
      ...inputChecks(operation),
      ...onceChecks(operation),
    ]),
    ...entries.flatMap(([name, contract]) =>
      contract.consumers?.includes(service) ? consumerChecks(name, contract) : [],
    ),
    ...entries.flatMap(([name, contract]) =>
      contract.kind === 'rpc' && contract.owner === service ? rpcChecks(name, contract) : [],
    ),
    ...entries.flatMap(([name, contract]) =>
      contract.schemas['message'] && ((contract.kind === 'event' && contract.owner === service) || sends.includes(name))
        ? [publishedCheck(name, contract)]
        : [],
    ),
    ...lifecycleChecks(operations, { database, broker }),
  ];
  refuseUnknownNames(fixture, Object.keys(contracts), checks);
  return checks;
}

function refuseUnknownNames(
  { operations = {}, consumers = {}, rpcs = {}, events = {}, exceptions = {} }: SuiteTarget['fixture'],
  contracts: readonly string[],
  checks: readonly Check[],
): void {
  const named = [operations, consumers, rpcs, events].flatMap((each) => Object.keys(each));
  const unknown = named.filter((name) => !contracts.includes(name));
  const unknownChecks = Object.keys(exceptions).filter((id) => !checks.some((check) => check.id === id));
  if (unknown.length > 0) throw new Error(`the fixture names what the record does not have: ${unknown.join(', ')}`);
  if (unknownChecks.length > 0)
    throw new Error(`the fixture excepts checks that there are not: ${unknownChecks.join(', ')}`);
}
