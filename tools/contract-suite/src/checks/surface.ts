import { randomUUID } from 'node:crypto';
import { expectEqual, expectThat, eventually } from '../broken.js';
import type { Check } from '../check.js';
import type { ContractOperation } from '../requests.js';
import { managementToken } from '../world.js';
import { expectProblem } from './problem.js';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What a service serves beside its operations: nothing on the HTTP port, health and governance on its own port. */
export function surfaceChecks(operations: readonly ContractOperation[]): Check[] {
  const paths = [...new Set(operations.map(({ path }) => path))];
  return [
    {
      id: 'http/path-unknown',
      about: 'an unknown path is not found; health, metrics and governance are not on the HTTP port',
      run: async (world) => {
        const unknown = [`/v1/${randomUUID()}`, '/', '/health/live', '/health/ready', '/metrics', '/governance'];
        for (const path of unknown)
          expectProblem(
            await world.send({ method: 'GET', path }),
            undefined,
            { status: 404, code: 'NOT_FOUND' },
            `GET ${path}`,
          );
      },
    },
    ...paths.map((path): Check => {
      const served = operations.filter((each) => each.path === path).map(({ method }) => method);
      const method = methods.find((each) => !served.includes(each))!;
      return {
        id: `http/method-wrong ${path}`,
        about: `${method} ${path} is refused, and Allow says what is possible`,
        run: async (world) => {
          const answer = await world.send({ method, path: path.replace(/\{\w+\}/g, randomUUID()) });
          expectProblem(answer, undefined, { status: 405, code: 'METHOD_NOT_ALLOWED' }, `${method} ${path}`);
          const allowed = (answer.headers['allow'] ?? '').split(/, */);
          for (const each of served)
            expectThat(
              allowed.includes(each),
              () => `Allow of ${method} ${path}: expected ${each} in "${answer.headers['allow'] ?? ''}"`,
            );
        },
      };
    }),
    {
      id: 'management/health',
      about: 'the management port says that the service lives and is ready',
      run: async (world) => {
        for (const [path, status] of Object.entries({ '/health/live': 'live', '/health/ready': 'ready' })) {
          const answer = await world.manage(path);
          expectEqual([answer.status, (answer.body as { status?: string }).status], [200, status], `GET ${path}`);
          const { service } = answer.body as { service?: string };
          expectEqual(service, world.target.record.service, `service in GET ${path}`);
        }
        expectEqual((await world.manage('/nothing')).status, 404, 'status of GET /nothing on the management port');
      },
    },
    {
      id: 'management/governance',
      about: 'governance needs the management token',
      run: async (world) => {
        const read = async (token?: string): Promise<number> =>
          (await world.manage('/governance', token === undefined ? {} : { authorization: `Bearer ${token}` })).status;
        expectEqual(
          { without: await read(), wrong: await read(`${managementToken}x`), right: await read(managementToken) },
          { without: 401, wrong: 401, right: 200 },
          'status of GET /governance',
        );
      },
    },
    {
      id: 'management/metrics',
      about: 'metrics are served in the format of Prometheus, and count requests by route',
      run: async (world) => {
        await world.send({ method: 'GET', path: '/' });
        await eventually('GET /metrics shows http_server_request_duration', async () => {
          const { status, text, headers } = await world.manage('/metrics');
          expectEqual(status, 200, 'status of GET /metrics');
          expectThat(
            /^text\/plain/.test(headers['content-type'] ?? ''),
            () => `content type of GET /metrics: ${headers['content-type']}`,
          );
          return /^http_server_request_duration_count\{/m.test(text);
        });
      },
    },
  ];
}
