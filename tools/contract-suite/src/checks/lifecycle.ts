import { readFileSync } from 'node:fs';
import { request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { eventually, expectEqual, expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { isSigned, type ContractOperation } from '../requests.js';
import { ServiceProcess } from '../service-process.js';
import { sendRequest, type HttpAnswer } from '../http.js';
import type { World } from '../world.js';
import { expectNoEffect } from './effects.js';

/** These stop servers and the service itself, so they come last, in this order. */
export const lifecycleChecks = (
  operations: readonly ContractOperation[],
  has: { readonly database: boolean; readonly broker: boolean },
): Check[] => [
  ...(has.database ? [migrateCheck, databaseCheck] : []),
  ...(has.broker ? [permissionsCheck, brokerCheck] : []),
  settingsCheck(has.database ? 'DATABASE_URL' : has.broker ? 'NATS_URL' : 'HTTP_PORT'),
  stopCheck(operations),
];

const readyStatus = async (world: World): Promise<number> => (await world.manage('/health/ready')).status;

const migrateCheck: Check = {
  id: 'process/migrate',
  about: 'migrating again changes nothing',
  run: (world) =>
    expectNoEffect(
      world,
      'a second migration',
      () => Promise.resolve(),
      () => world.migrate(),
    ),
};

const databaseCheck: Check = {
  id: 'health/database',
  about: 'without its database the service lives and is not ready; when it is back, it is ready again',
  run: async (world) => {
    const { postgres, process } = world;
    await postgres!.halt();
    try {
      await eventually('/health/ready turns 503 without the database', async () => (await readyStatus(world)) === 503);
      expectEqual((await world.manage('/health/live')).status, 200, 'status of GET /health/live without the database');
    } finally {
      await postgres!.restart();
    }
    await eventually('/health/ready turns 200 with the database', async () => (await readyStatus(world)) === 200);
    expectEqual(process.exit, undefined, 'end of the process');
  },
};

/** Before the server is stopped, which begins a new log. */
const permissionsCheck: Check = {
  id: 'broker/permissions',
  about: 'the service has used no subject that its account may not use',
  run: (world) => {
    const refused =
      readFileSync(world.nats.logFile, 'utf8').match(/^.*\b(?:Publish|Subscription) Violation\b.*$/gm) ?? [];
    expectThat(refused.length === 0, () => `the broker refused:\n${refused.slice(0, 5).join('\n')}`);
    return Promise.resolve();
  },
};

const brokerCheck: Check = {
  id: 'health/broker',
  about: 'without the broker the service stays ready and says what is missing; when it is back, messages flow again',
  run: async (world) => {
    const { nats, broker, process, requests } = world;
    const brokerPart = async (): Promise<unknown> => {
      const { parts } = (await world.manage('/health/ready')).body as {
        parts?: Record<string, { ok?: boolean; required?: boolean }>;
      };
      return parts?.['broker'] && { ok: parts['broker'].ok, required: parts['broker'].required };
    };
    await nats.halt();
    try {
      await eventually('the part "broker" of /health/ready is reported as not available', async () => {
        expectEqual(await brokerPart(), { ok: false, required: false }, 'part broker');
        return true;
      });
      expectEqual(await readyStatus(world), 200, 'status of GET /health/ready without the broker');
    } finally {
      await nats.restart();
    }
    await eventually('the part "broker" of /health/ready is available', async () => {
      expectEqual(await brokerPart(), { ok: true, required: false }, 'part broker');
      return true;
    });
    expectEqual(process.exit, undefined, 'end of the process');
    await broker.reconnected();
    for (const [subject] of broker.consumed().slice(0, 1)) await requests.surroundings.deliver(subject);
  },
};

/** @param missing A setting that every service of this kind needs. */
const settingsCheck = (missing: string): Check => ({
  id: 'process/settings',
  about: 'with a missing setting the service does not start, exits with 1, names it, and shows no value',
  run: async ({ target, settings }) => {
    const { [missing]: _, ...others } = settings;
    // Its ports are in use: it must end before it listens.
    const process = new ServiceProcess({ ...target, settings: others });
    const { code } = await process.exited;
    expectEqual(code, 1, `exit code without ${missing}`);
    expectThat(
      process.output.includes(missing),
      () => `output without ${missing}: it is not named in\n${process.lastLines}`,
    );
    const secrets = ['MANAGEMENT_TOKEN', 'OPERATOR_TOKEN', ...Object.keys(target.settings)];
    const shown = secrets.filter((name) => others[name]!.length > 15 && process.output.includes(others[name]!));
    expectThat(shown.length === 0, () => `the output shows the value of ${shown.join(', ')}`);
  },
});

/** Longest stop: drain (2 s here), grace (25 s by default), exit (5 s). */
const stopWithinMs = 35_000;

const stopCheck = (operations: readonly ContractOperation[]): Check => ({
  id: 'process/stop',
  about: 'SIGTERM: the request in flight is answered, the process takes no new ones, and exits with 0',
  run: async (world) => {
    const operation = operations.find(({ contract }) => contract.schemas['request'] && !isSigned(contract));
    const inFlight = operation ? await beginRequest(world, operation) : undefined;
    world.process.signal('SIGTERM');
    await eventually('the service stops: not ready any more', async () => {
      const answer = await world.manage('/health/ready').catch(() => undefined);
      return answer === undefined || answer.status === 503;
    });
    if (inFlight && operation) {
      const answer = await inFlight.finish();
      expectEqual(
        answer.status,
        operation.status,
        `status of the request in flight (${operation.id}): ${answer.text}\n   `,
      );
    }
    await eventually(
      `the process ends within ${stopWithinMs / 1_000} s`,
      () => world.process.exit !== undefined,
      stopWithinMs,
    );
    expectEqual(
      world.process.exit,
      { code: 0, signal: null },
      `end of the process, whose output ends with:\n${world.process.lastLines}\n`,
    );
    expectThat(!(await isListening(world.url)), () => `${world.url} still takes connections`);
  },
});

/** Sends the head of a request and half of its body, so that it is in flight for as long as the check needs. */
async function beginRequest(
  { requests, url }: World,
  operation: ContractOperation,
): Promise<{ finish(): Promise<HttpAnswer> }> {
  const prepared = await requests.prepare(operation);
  const body = JSON.stringify(prepared.body);
  const call = openRequest(url + prepared.path, {
    method: operation.method,
    agent: false,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...prepared.headers,
    },
  });
  const answered = new Promise<HttpAnswer>((resolve, reject) => {
    call.once('error', reject);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: {}, text, body: undefined });
      });
    });
  });
  answered.catch(() => undefined);
  await new Promise<void>((resolve) => call.write(body.slice(0, 1), () => resolve()));
  // The service has read the head once it answers a request that came later.
  await sendRequest({ method: 'GET', url: `${url}/` });
  return {
    finish: () => {
      call.end(body.slice(1));
      return answered;
    },
  };
}

const isListening = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
