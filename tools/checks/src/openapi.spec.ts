import { asyncApiDocument, openApiDocument } from '@causeway/contracts/documents';
import { lintFromString, loadConfig, type Config } from '@redocly/openapi-core';
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import { root } from './repository.js';

const openApi = openApiDocument({
  server: 'http://127.0.0.1:3000',
  authorizationUrl: 'http://127.0.0.1:3000/oidc/auth',
  tokenUrl: 'http://127.0.0.1:3000/oidc/token',
});

describe('the rules of redocly.yaml', () => {
  let config: Config;
  beforeAll(async () => {
    config = await loadConfig({ configPath: join(root, 'redocly.yaml') });
  });
  const problemsOf = async (name: string, document: unknown) => {
    const source = JSON.stringify(document, null, 2);
    const problems = await lintFromString({ source, absoluteRef: join(root, `${name}.json`), config });
    return problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`);
  };

  test('find nothing in the OpenAPI document', async () => {
    expect(await problemsOf('openapi', openApi)).toEqual([]);
  });

  test('find nothing in the AsyncAPI document', async () => {
    expect(await problemsOf('asyncapi', asyncApiDocument())).toEqual([]);
  });

  test('find what is wrong', async () => {
    const wrong = structuredClone(openApi) as typeof openApi;
    const place = wrong.paths!['/v1/users']!.post!;
    delete place.summary;
    (place.requestBody as { content: Record<string, { example: object }> }).content['application/json']!.example = {};
    wrong.components!.headers!['Unused'] = { schema: { type: 'strong' as never } };
    const rules = (await problemsOf('openapi', wrong)).map((problem) => problem.split(' ')[0]);
    expect(rules).toEqual(
      expect.arrayContaining(['operation-summary', 'no-invalid-media-type-examples', 'no-unused-components', 'struct']),
    );
  });
});

describe('a client with types from the document', () => {
  const generated = join(root, 'tools/checks/generated');
  const config = join(generated, 'tsconfig.json');
  beforeAll(async () => {
    mkdirSync(generated, { recursive: true });
    writeFileSync(join(generated, 'api.d.ts'), astToString(await openapiTS(JSON.stringify(openApi))));
    writeFileSync(
      config,
      JSON.stringify({ extends: '../../../tsconfig.base.json', files: ['../fixtures/typed-client.ts'] }),
    );
  });
  afterAll(() => rmSync(generated, { recursive: true, force: true }));

  test('compiles', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const output = await promisify(execFile)(process.execPath, [tsc, '--pretty', 'false', '--project', config]).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
    expect(output).toBe('');
  }, 120_000);
});
