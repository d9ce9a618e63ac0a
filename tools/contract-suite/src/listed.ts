import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { contractRecord } from '@causeway/contracts/record';
import { makeSecret, secrets, secretSettings, services, type ListedService } from '@causeway/system';
import { natsPermissions } from '@causeway/system/topology';
import type { ContractFixture } from './fixture.js';
import type { SuiteTarget } from './target.js';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The services of the list that the suite covers: all that the system consists of, also those that a team adds. Not the
 * gateway, which forwards the contracts of others and has tests of its own, and not a stand-in.
 */
export const coveredServices: readonly ListedService[] = services.filter(
  ({ role, edge }) => role === 'product' && !edge,
);

/** Where a service is told that others are. Nobody is there: what a check needs, the fixture starts. */
const nowhere = 'http://127.0.0.1:9';
const elsewhere = {
  publicUrl: nowhere,
  publicUrls: [nowhere],
  urlOf: () => nowhere,
  mailUrl: 'smtp://127.0.0.1:9',
};

/** A service of the list, from its build in `apps/<name>/dist`. */
export async function listedTarget(service: ListedService): Promise<SuiteTarget> {
  const { name, sends = [], database } = service;
  const secretValues = Object.entries(secretSettings(service)).map(([setting, secret]) => [
    setting,
    makeSecret(secrets[secret].kind),
  ]);
  const {
    MANAGEMENT_TOKEN: _,
    OPERATOR_TOKEN: __,
    ...own
  } = Object.fromEntries(secretValues) as Record<string, string>;
  return {
    record: contractRecord(name, sends),
    command: `"${process.execPath}" --enable-source-maps apps/${name}/dist/main.js`,
    cwd: repository,
    settings: { ...service.settings?.(elsewhere), ...own },
    fixture: await loadFixture(join(repository, 'apps', name, 'dist/testing/contract-fixture.js')),
    database: database !== undefined,
    broker: service.nats === true,
    permissions: natsPermissions()[name],
  };
}

/** @param file A module that exports `contractFixture`; without one, everything follows from the record. */
export async function loadFixture(file: string): Promise<ContractFixture> {
  if (!existsSync(file)) return {};
  const module = (await import(pathToFileURL(file).href)) as { readonly contractFixture?: ContractFixture };
  if (!module.contractFixture) throw new Error(`${file} exports no contractFixture`);
  return module.contractFixture;
}
