import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { IJob } from 'kubernetes-models/batch/v1';
import { parse } from 'yaml';
import { root } from './render.js';

const source = join(root, 'k8s/components/logging-elk');
interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: string;
}
let folder: string;
let server: Server;
let asked: Asked[];
/** Answers in turn; the last one is repeated. */
let answers: { status: number; body: string }[];

beforeEach(async () => {
  [asked, answers] = [[], [{ status: 200, body: '{"success":true}' }]];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push({ line: `${method} ${url}`, authorization: headers.authorization, body });
      const { status, body: answer } = answers.length > 1 ? answers.shift()! : answers[0]!;
      response.writeHead(status).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'causeway-elk-'));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secrets = {
    ELASTICSEARCH_URL: `${url}/es/`,
    KIBANA_URL: `${url}/kibana`,
    ELASTICSEARCH_USER: 'set-up',
    ELASTICSEARCH_PASSWORD: 'p\n',
  };
  for (const [name, value] of Object.entries(secrets)) writeFileSync(join(folder, name), value);
  for (const file of [
    'elasticsearch/lifecycle-policy.json',
    'elasticsearch/index-template.json',
    'kibana/saved-objects.ndjson',
  ])
    cpSync(join(source, file), join(folder, file.split('/')[1]!));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});
const setUp = (environment: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, [join(source, 'set-up.mjs'), folder, folder], {
    env: { ...process.env, ...environment },
  }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

test('Elasticsearch and Kibana are told in an order that works, as the account of the Secret', async () => {
  expect(await setUp()).toMatchObject({ code: 0, stdout: expect.stringContaining('saved objects is in place') });
  expect(asked.map(({ line }) => line)).toEqual([
    'PUT /es/_ilm/policy/causeway-logs',
    'PUT /es/_index_template/causeway-logs',
    'POST /kibana/api/saved_objects/_import?overwrite=true',
  ]);
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(
    new Set([`Basic ${Buffer.from('set-up:p').toString('base64')}`]),
  );
  expect(JSON.parse(asked[1]!.body)).toMatchObject({ template: { mappings: { dynamic: 'strict' } } });
  expect(asked[2]!.body).toContain('"type":"index-pattern"');
});

test('the Job trusts the signers in its Secret, and does without that key', async () => {
  const job = parse(readFileSync(join(source, 'set-up-job.yaml'), 'utf8')) as IJob;
  const [container] = job.spec!.template.spec!.containers;
  const trusted = container!.env?.find(({ name }) => name === 'NODE_EXTRA_CA_CERTS')?.value ?? '';
  const mounted = container!.volumeMounts?.find(({ name }) => name === 'secrets')?.mountPath;
  expect(dirname(trusted)).toBe(mounted);
  expect(await setUp({ NODE_EXTRA_CA_CERTS: join(folder, basename(trusted)) })).toMatchObject({ code: 0 });
});

test.each([
  ['a refusal', [{ status: 400, body: '{"error":"unknown setting"}' }], 'lifecycle was refused: 400', 1],
  [
    'an object that Kibana did not take',
    [
      { status: 200, body: '{}' },
      { status: 200, body: '{}' },
      { status: 200, body: '{"success":false,"errors":[]}' },
    ],
    'saved objects was refused',
    3,
  ],
])('%s ends the Job as failed, with what was said and no password', async (_, given, said, requests) => {
  answers = given;
  const { code, stderr } = await setUp();
  expect(code).toBe(1);
  expect(stderr).toContain(said);
  expect(stderr).not.toContain('Basic');
  expect(asked).toHaveLength(requests);
});
