import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadFixture, type SuiteTarget } from '@causeway/contract-suite';
import type { ContractRecord } from '@causeway/contracts/record';

const folder = fileURLToPath(new URL('./fixtures/mini-service', import.meta.url));

const body = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 20 },
    count: { type: 'integer', minimum: 0, maximum: 9 },
    kind: { type: 'string', enum: ['plain', 'fancy'] },
  },
  required: ['name', 'count', 'kind'],
  additionalProperties: false,
};
const thing = {
  type: 'object',
  properties: { id: { type: 'string', format: 'uuid' }, ...body.properties, version: { type: 'integer', minimum: 1 } },
  required: ['id', ...body.required, 'version'],
  additionalProperties: false,
};
const shared: Readonly<Record<string, object>> = { body, thing };

/** The record has a name where a schema is used several times. */
const withSchemas = (_: string, value: unknown): unknown => {
  const { $ref } = (value ?? {}) as { readonly $ref?: string };
  return $ref === undefined ? value : shared[$ref];
};

/** A small service in plain JavaScript: see `fixtures/mini-service/main.mjs`. */
export const miniTarget: SuiteTarget = {
  record: JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'), withSchemas) as ContractRecord,
  command: `"${process.execPath}" "${folder}/main.mjs"`,
  cwd: folder,
  settings: {},
  fixture: await loadFixture(join(folder, 'fixture.mjs')),
};
