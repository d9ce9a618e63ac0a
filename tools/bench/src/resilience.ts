import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createPolicy } from '@causeway/resilience';
import * as cockatiel from 'cockatiel';
import CircuitBreaker from 'opossum';
import { inTurn, type Contender } from './rounds.js';
import { withSpread, type Section } from './section.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Call = () => Promise<unknown>;
const work: Call = () => Promise.resolve(1);

const ours = createPolicy('bench', { retry: {}, breaker: {}, bulkhead: { maxConcurrent: 64, maxQueue: 512 } });
const opossum = (timeout: number | false) =>
  new CircuitBreaker(work, { timeout, errorThresholdPercentage: 50, volumeThreshold: 20, resetTimeout: 5_000 });
const [plain, limited] = [opossum(false), opossum(1_000)];
const wrapped = cockatiel.wrap(
  cockatiel.retry(cockatiel.handleAll, { maxAttempts: 1 }),
  cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: 5_000, breaker: new cockatiel.ConsecutiveBreaker(5) }),
  cockatiel.bulkhead(64, 512),
  cockatiel.timeout(1_000, cockatiel.TimeoutStrategy.Cooperative),
);
const calls: Readonly<Record<string, Call>> = {
  'bare call': work,
  'ours: retry, breaker, bulkhead': () => ours.execute(work),
  opossum: () => plain.fire(),
  'opossum with timeout': () => limited.fire(),
  'cockatiel: retry, breaker, bulkhead, timeout': () => wrapped.execute(work),
};

/** Nanoseconds for one call that resolves. */
async function nanoseconds(call: Call, times: number): Promise<number> {
  const begun = process.hrtime.bigint();
  for (let index = 0; index < times; index += 1) await call();
  return Number(process.hrtime.bigint() - begun) / times;
}

/** Bytes of heap that one call allocates: so few calls that no collection comes in between. */
async function bytes(call: Call): Promise<number> {
  const times = 200;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < times; index += 1) await call();
  return Math.max(0, process.memoryUsage().heapUsed - before) / times;
}

export const resilience: Section = {
  name: 'resilience',
  title: 'Resilience pipeline around a call that resolves',
  async run({ quick, say }) {
    const times = quick ? 2_000 : 200_000;
    const contenders = (measure: (call: Call) => Promise<number>): Contender[] =>
      Object.entries(calls).map(([name, call]) => ({ name, measure: () => measure(call) }));
    const time = await inTurn(
      contenders((call) => nanoseconds(call, times)),
      quick ? 1 : 7,
      say,
    );
    const memory = await inTurn(contenders(bytes), quick ? 1 : 7, say);
    plain.shutdown();
    limited.shutdown();
    return [
      {
        title: 'One call',
        columns: ['pipeline', 'ns', 'bytes'],
        rows: time.map((bar, index) => [bar.name, withSpread(bar), withSpread(memory[index]!)]),
        note: 'Aim: no more time and no more memory than opossum with its timeout.',
        bars: { unit: 'ns per call', values: time },
      },
    ];
  },
};
