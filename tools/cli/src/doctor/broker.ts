import { consumers, streams } from '@causeway/contracts';
import type { SystemTarget } from '../target/target.js';
import { isAtLeast, type DoctorCheck } from './check.js';

const leastServer = '2.9.10';

/** The broker: is it there, does it hold what the contracts declare, and is anything stuck in it? */
export const brokerChecks = (target: SystemTarget): DoctorCheck[] => [
  {
    name: 'nats-server',
    finding: async () => {
      const { info } = await target.nats();
      const version = info?.version ?? 'unknown';
      return {
        ok: isAtLeast(version, leastServer) && info?.jetstream === true,
        detail: `${version}${info?.jetstream ? ' with JetStream' : ' WITHOUT JetStream'}`,
        remedy: `Causeway needs nats-server ${leastServer} or later, with JetStream.`,
      };
    },
  },
  {
    name: 'topology',
    finding: async () => {
      const { compareTopology } = await import('@causeway/messaging/operate');
      const found = await compareTopology(await target.nats(), { streams, consumers, replicas: 1 });
      return {
        ok: found.length === 0,
        detail:
          found.length === 0
            ? `${streams.length} streams and ${consumers.length} consumers as declared`
            : found
                .map(({ kind, name, problem, fields }) =>
                  [problem, kind, name, ...fields.map(({ field }) => field)].join(' '),
                )
                .join('; '),
        remedy: 'Run the command provision of any service (npm start does); delete by hand what nobody declares.',
      };
    },
  },
  {
    name: 'dead letters',
    finding: async () => {
      const { jetstreamManager } = await import('@nats-io/jetstream');
      const jsm = await jetstreamManager(await target.nats(), { checkAPI: false });
      const { messages } = (await jsm.streams.info('DLQ')).state;
      return { ok: messages === 0, detail: `${messages}`, remedy: 'npx causeway dlq stats' };
    },
  },
];
