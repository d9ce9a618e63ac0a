import { consumers, durableName, streams } from '@causeway/contracts';
import { provision } from '@causeway/messaging';
import { natsAccounts, operator, provisioner } from '@causeway/system';
import { startNats, type TestNats } from '@causeway/testkit';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { runProgram } from '../src/program.js';
import { connectAsOperator } from '../src/target/connect.js';
import type { SystemTarget } from '../src/target/target.js';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of `--json`. */
  json<T>(): T;
}

/** A broker with the accounts and permissions of the real system, and commands that run against it. */
export class Scene {
  private readonly connections: NatsConnection[] = [];

  private constructor(
    readonly nats: TestNats,
    /** What a test adds to the target: databases, instances, logs. */
    readonly parts: Partial<SystemTarget>,
  ) {}

  static async create(parts: Partial<SystemTarget> = {}): Promise<Scene> {
    const scene = new Scene(
      await startNats({ accounts: Object.fromEntries(natsAccounts.map((name) => [name, `k${name}`])) }),
      parts,
    );
    await provision(await scene.as(provisioner), { streams, consumers, replicas: 1 });
    return scene;
  }

  async as(user: string): Promise<NatsConnection> {
    const options = { servers: this.nats.url, user, pass: `k${user}`, inboxPrefix: `_INBOX_${user}.test` };
    const connection = await connect({ ...options, reconnect: false });
    this.connections.push(connection);
    return connection;
  }

  async end(): Promise<void> {
    for (const connection of this.connections) await connection.close();
    await this.nats.stop();
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    const [out, err]: [string[], string[]] = [[], []];
    let connection: Promise<NatsConnection> | undefined;
    const target: SystemTarget = {
      name: 'test',
      dataFolders: [],
      hasMigrations: true,
      nats: () => (connection ??= connectAsOperator(this.nats.url, `k${operator}`)),
      databaseUrl: () => Promise.resolve(undefined),
      instances: () => Promise.resolve([]),
      logs: () => Promise.resolve([]),
      trace: () => Promise.resolve(undefined),
      ...this.parts,
      close: async () => void (await (await connection)?.close()),
    };
    const code = await runProgram(args, {
      openTarget: () => Promise.resolve(target),
      print: (line) => out.push(line),
      printError: (line) => err.push(line),
      signal: new AbortController().signal,
    });
    return {
      code,
      out: out.join('\n'),
      err: err.join('\n'),
      json: <T>() => JSON.parse(out.join('\n')) as T,
    };
  }
}

export const authorized = consumers.find(({ message }) => message.subject === 'payment.evt.authorized.v1')!;

/** Stores a dead letter as the service of its consumer does. */
export async function storeLetter(
  nc: NatsConnection,
  letter: { messageId: string; code?: string; at?: Date; subject?: string; payload?: string },
): Promise<number> {
  const consumer = durableName(authorized);
  const values = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'Causeway-Dlq-Consumer': consumer,
    'Causeway-Dlq-Subject': letter.subject ?? authorized.message.subject,
    'Causeway-Dlq-Message-Id': letter.messageId,
    'Causeway-Dlq-Code': letter.code ?? 'INTERNAL',
    'Causeway-Dlq-Reason': 'a retry cannot help: order 1 is REJECTED',
    'Causeway-Dlq-Attempts': '1',
    'Causeway-Dlq-At': (letter.at ?? new Date()).toISOString(),
  };
  const carried = headers();
  for (const [name, value] of Object.entries(values)) carried.set(name, value);
  const payload = letter.payload ?? JSON.stringify({ id: letter.messageId });
  const { seq } = await jetstream(nc).publish(`dlq.${consumer}`, payload, { headers: carried });
  return seq;
}
