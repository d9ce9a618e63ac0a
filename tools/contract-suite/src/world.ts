import { randomUUID } from 'node:crypto';
import { startTraceReceiver, type TraceReceiver } from '@causeway/demo-client';
import { claimPort, startNats, startPostgres, type TestNats, type TestPostgres } from '@causeway/testkit';
import { Broker } from './broker.js';
import { eventually, expectEqual } from './broken.js';
import { ServiceDatabase } from './database.js';
import { sendRequest, type HttpAnswer, type Call } from './http.js';
import { Issuer } from './issuer.js';
import { natsConfigOf, permissionsOf } from './nats-account.js';
import { Requests } from './requests.js';
import { ServiceProcess } from './service-process.js';
import type { SuiteTarget } from './target.js';

/** Tokens of the management port. */
export const managementToken = 'k-management-token-of-the-contract-suite';

/** Everything around a service under test, and the service itself. */
export class World {
  process!: ServiceProcess;
  readonly requests: Requests;

  private constructor(
    readonly target: SuiteTarget,
    readonly url: string,
    readonly managementUrl: string,
    /** Of the service, for its next start. */
    readonly settings: Record<string, string>,
    readonly issuer: Issuer,
    readonly nats: TestNats,
    readonly broker: Broker,
    readonly postgres: TestPostgres | undefined,
    readonly database: ServiceDatabase | undefined,
    /** For `migrate` alone. */
    readonly migrationUrl: string | undefined,
    readonly traces: TraceReceiver,
    private readonly stopOutside: () => Promise<void>,
    private readonly releasePorts: () => void,
  ) {
    this.requests = new Requests(this);
  }

  /** Starts the servers, prepares the database by the service's own `migrate`, and starts the service. */
  static async start(target: SuiteTarget): Promise<World> {
    const { record, fixture } = target;
    const database = target.database !== false;
    const password = `k${randomUUID()}`;
    const [issuer, nats, postgres, traces, http, management, outside] = await Promise.all([
      Issuer.start(),
      startNats({ config: natsConfigOf(record.service, password, target.permissions ?? permissionsOf(record)) }),
      database ? startPostgres() : undefined,
      startTraceReceiver(0),
      claimPort(),
      claimPort(),
      fixture.start?.() ?? { settings: {}, stop: () => Promise.resolve() },
    ]);
    const urls = await postgres?.ensureDatabase('contract', { password: randomUUID(), ownerPassword: randomUUID() });
    const settings = {
      ...baseSettings(record.service, { http: http.port, management: management.port }, traces.url, nats.url),
      NATS_USER: record.service,
      NATS_PASSWORD: password,
      ...issuer.settings,
      ...(urls && { DATABASE_URL: urls.url }),
      ...target.settings,
      ...fixture.settings,
      ...outside.settings,
    };
    const world = new World(
      target,
      `http://127.0.0.1:${http.port}`,
      `http://127.0.0.1:${management.port}`,
      settings,
      issuer,
      nats,
      new Broker(record, nats.url),
      postgres,
      // The owner sees every row, whatever the service was granted.
      urls && new ServiceDatabase(urls.migrationUrl, fixture.restless),
      urls?.migrationUrl,
      traces,
      () => outside.stop(),
      () => [http, management].forEach(({ release }) => release()),
    );
    try {
      await world.broker.open();
      for (const [subject, reply] of Object.entries(fixture.replies ?? {}))
        world.broker.serve(subject, reply as (request: unknown) => unknown);
      if (database) await world.migrate();
      await world.startService();
      await fixture.prepare?.(world.requests.surroundings);
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Runs `<command> migrate` to its end. */
  async migrate(): Promise<void> {
    const { command, cwd } = this.target;
    const settings = { ...this.settings, ...(this.migrationUrl && { MIGRATION_DATABASE_URL: this.migrationUrl }) };
    const migration = new ServiceProcess({ command: `${command} migrate`, cwd, settings });
    const { code } = await migration.exited;
    expectEqual(code, 0, `exit code of "${command} migrate", whose output ends with:\n${migration.lastLines}\n`);
  }

  async startService(): Promise<void> {
    const { command, cwd } = this.target;
    this.process = new ServiceProcess({ command, cwd, settings: this.settings });
    await this.process.ready(this.managementUrl);
  }

  send(call: Omit<Call, 'url'> & { readonly path: string }): Promise<HttpAnswer> {
    const { path, ...rest } = call;
    return sendRequest({ ...rest, url: this.url + path });
  }

  manage(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<HttpAnswer> {
    return sendRequest({ method, url: this.managementUrl + path, headers });
  }

  /** Waits until a span of a trace has arrived. @param kind `server` for a request, `consumer` for a message. */
  async spanOf(traceId: string, kind: 'server' | 'consumer'): Promise<void> {
    await eventually(`a span of the kind ${kind} in the trace ${traceId} arrives at the OTLP receiver`, () =>
      this.traces.trace(traceId).some((span) => span.kind === kind),
    );
  }

  async stop(): Promise<void> {
    await this.process?.end();
    await Promise.allSettled([this.broker.close(), this.database?.end(), this.stopOutside()]);
    await Promise.allSettled([this.issuer.stop(), this.traces.stop(), this.nats.stop(), this.postgres?.stop()]);
    this.releasePorts();
  }
}

/** The settings that every service takes; docs/reference/service-contract.md explains each. */
function baseSettings(
  service: string,
  ports: { readonly http: number; readonly management: number },
  traces: string,
  nats: string,
): Record<string, string> {
  return {
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(ports.http),
    MANAGEMENT_PORT: String(ports.management),
    MANAGEMENT_TOKEN: managementToken,
    OPERATOR_TOKEN: `${managementToken}-operator`,
    INSTANCE_ID: `${service}-1`,
    SERVICE_VERSION: '1.2.3',
    LOG_LEVEL: 'info',
    // Generous: a check must not fail because the machine is slow.
    REQUEST_DEADLINE_MS: '20000',
    SHUTDOWN_DRAIN_MS: '2000',
    NATS_URL: nats,
    NATS_CREATE_MISSING: 'false',
    DISCOVERY_MODE: 'nats',
    OTEL_EXPORTER_OTLP_ENDPOINT: traces,
    OTEL_TRACES_SAMPLER_ARG: '1',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
}
