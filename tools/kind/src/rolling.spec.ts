import { setTimeout as sleep } from 'node:timers/promises';
import type { Rendered } from '@causeway/manifests';
import { jest } from '@jest/globals';
import type { Failure } from './failures.js';
import { Kubectl } from './kubectl.js';
import type { Load, LoadResult } from './load.js';
import { rollUnderLoad } from './rolling.js';
import type { Refused } from './run.js';
import { FakePrograms } from './testing/fake-programs.js';
import { FakeShop, type InjectedFault } from './testing/fake-shop.js';
import { judge } from './verdict.js';

jest.setTimeout(120_000);

const names = ['gateway', 'order'];
const rendered: Rendered = {
  overlay: 'kind',
  manifests: names.map((name) => ({
    file: 'x',
    body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { careful: true } },
  })),
};
const secret = JSON.stringify({ data: { OIDC_MACHINE_SECRET: 'aGVsbG8=' } });

type Phase = 'baseline' | 'restarts' | 'control';
let shop: FakeShop | undefined;
const said: string[] = [];
const has = (begin: string): boolean => said.some((line) => line.startsWith(begin));
const phase = (): Phase => (has('control: ') ? 'control' : has('restarting ') ? 'restarts' : 'baseline');
beforeEach(() => (said.length = 0));
afterEach(() => shop?.stop());

/** kubectl without a process. One test checks the real command lines, with {@link FakePrograms}. */
class Answering extends Kubectl {
  override async must(args: readonly string[]): Promise<string> {
    return args.includes('secret') ? secret : '';
  }
}

/** Counts instead of waiting: a sign-in and some rounds, however slow the machine is. */
async function goOn(load: Load): Promise<void> {
  const { requests } = load.result;
  while (load.result.requests < requests + 25) await sleep(2);
}

interface Roll {
  readonly fault?: (phase: Phase, call: string, number: number) => InjectedFault;
  readonly control?: boolean;
  readonly kubectl?: Kubectl;
  readonly available?: number;
}

/** A run against a shop with injected faults. */
async function roll({
  fault,
  control = true,
  kubectl = new Answering('some'),
  available,
}: Roll): Promise<Error | undefined> {
  let number = 0;
  shop = new FakeShop((call) => fault?.(phase(), call, (number += 1)));
  for (const product of shop.products) product.available = available ?? product.available;
  const url = await shop.start();
  return rollUnderLoad(kubectl, rendered, {
    url,
    timeoutMs: 60_000,
    control,
    say: (line) => said.push(line),
    load: { customers: 1, pauseMs: 1, settleMs: 50 },
    goOn,
  }).then(
    () => undefined,
    (error: Error) => error,
  );
}
const isOrder = (call: string): boolean => call === 'POST /v1/orders';
const controlOnly = (at: Phase, call: string): InjectedFault =>
  at === 'control' && isOrder(call) ? 'reset' : undefined;
const row = (kind: string): string => said.find((line) => line.startsWith(kind)) ?? 'no such line';

describe('a system that loses nothing', () => {
  test('passes, every Deployment restarted in turn, and the control gives back what it took away', async () => {
    const fakes = new FakePrograms();
    fakes.answer([{ to: 'kubectl get secret user', stdout: secret }]);
    try {
      expect(await roll({ fault: controlOnly, kubectl: new Kubectl('some') })).toBeUndefined();
      const changes = fakes.calls.filter(({ line }) => /restart|patch|apply/.test(line));
      const waits = fakes.asked.filter((line) => line.startsWith('kubectl rollout status'));
      expect(waits.map((line) => line.split(' ')[3])).toEqual(
        ['gateway', 'order', 'gateway', 'gateway'].map((name) => `deployment/${name}`),
      );
      expect(changes.map(({ line }) => line.split(' ').slice(0, 4).join(' '))).toEqual([
        ...names.map((name) => `kubectl rollout restart deployment/${name}`),
        'kubectl patch deployment/gateway --type=strategic',
        'kubectl apply --server-side --field-manager=causeway-kind',
      ]);
      expect(changes.at(-2)!.line).toContain('"lifecycle":null');
      expect(JSON.parse(changes.at(-1)!.input)).toEqual(rendered.manifests[0]!.body);
    } finally {
      fakes.remove();
    }
    expect(said).toContainEqual(expect.stringMatching(/^restarted {2}order: \d+ requests so far, 0 failed during it$/));
    expect(said.at(-1)).toMatch(
      /^PASSED: \d+ requests and \d+ orders during the restarts, none dropped, all orders CONFIRMED; 2 Deployments restarted\.$/,
    );
  });
  test('also without the control, which the last line then says', async () => {
    expect(await roll({ control: false })).toBeUndefined();
    expect(said.at(-1)).toMatch(/, without a control\.$/);
  });
  test('is filled up before its stock runs out', async () => {
    expect(await roll({ control: false, available: 3 })).toBeUndefined();
    expect(said[0]).toBe('filled up the stock of 3 products');
    expect(has('POST /v1/orders: 409')).toBe(false);
  });
  test('or sells out, which is counted apart and is no failure', async () => {
    const soldOut = { status: 409, body: { code: 'OUT_OF_STOCK' } };
    let placings = 0;
    const fault = (_: Phase, call: string): InjectedFault =>
      isOrder(call) && (placings += 1) % 2 === 0 ? soldOut : undefined;
    expect(await roll({ control: false, fault })).toBeUndefined();
    expect(row('POST /v1/orders: 409 OUT_OF_STOCK')).toMatch(/ of the load$/);
  });
});

describe('a system that loses requests while it restarts', () => {
  const bad = (status: number, code: string): InjectedFault => ({ status, body: { code } });
  const cases: [string, InjectedFault, RegExp][] = [
    ['closes a connection in use', 'reset', /^POST \/v1\/orders: (ECONNRESET|UND_ERR_SOCKET) .* {2}dropped$/],
    ['does not listen', 'refuse', /: (ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET) .* {2}dropped$/],
    ['answers 502', bad(502, 'X'), /^POST \/v1\/orders: 502 X .* {2}dropped$/],
    ['answers 503', bad(503, 'NO_ENDPOINT'), /^POST \/v1\/orders: 503 NO_ENDPOINT .* {2}dropped$/],
    ['answers 504', bad(504, 'DEADLINE_EXCEEDED'), /^POST \/v1\/orders: 504 DEADLINE_EXCEEDED .* {2}dropped$/],
    ['answers 500', bad(500, 'INTERNAL'), /^POST \/v1\/orders: 500 INTERNAL .* {2}wrong answer$/],
  ];
  test.each(cases)('fails: %s', async (_, fault, line) => {
    let placings = 0;
    const error = await roll({
      control: false,
      fault: (at, call) => (at === 'restarts' && isOrder(call) && (placings += 1) % 3 === 0 ? fault : undefined),
    });
    expect((error as Refused).exitCode).toBe(1);
    expect(error!.message).toMatch(
      /^Look at what happened: kubectl --context some --namespace causeway get events[^]*\nFAILED: of \d+ requests during the restarts \d+ were dropped and \d+ answered wrongly\.$/,
    );
    expect(said).toContainEqual(expect.stringMatching(line));
  });
  test('every kind is listed with its count and its first example, however many there are', async () => {
    let placings = 0;
    await roll({
      control: false,
      fault: (at, call) => {
        if (at !== 'restarts' || !isOrder(call)) return undefined;
        return { status: 503, body: { code: `CODE_${10 + ((placings += 1) % 12)}`, detail: 'why' } };
      },
    });
    const counted = said.flatMap((line) => /CODE_\d+ +0 +(\d+) +0 {2}dropped$/.exec(line)?.[1] ?? []);
    expect(counted).toHaveLength(12);
    expect(counted.reduce((sum, count) => sum + Number(count), 0)).toBe(placings);
    expect(said.filter((line) => /^first .*CODE_\d+: \{.*why/.test(line))).toHaveLength(12);
  });
  test('an order that is never confirmed fails it, too', async () => {
    const error = await roll({
      control: false,
      fault: (at) => {
        if (at === 'restarts') shop!.orderStatus = 'REJECTED';
        return undefined;
      },
    });
    expect(error!.message).toContain('FAILED: ');
    expect(row('an order that stayed REJECTED')).toMatch(/ wrong answer$/);
  });
});

describe('a run that proves nothing', () => {
  test('on an overloaded machine, which fails without any restart, too', async () => {
    let placings = 0;
    const busy = { status: 503, body: { code: 'BULKHEAD_FULL' } };
    const error = await roll({
      control: false,
      fault: (_, call) => (isOrder(call) && (placings += 1) % 3 === 0 ? busy : undefined),
    });
    expect(error!.message).toMatch(
      /^INCONCLUSIVE: this machine fails [\d.]+ % of the requests without any restart: .*--customers/,
    );
    expect((error as Refused).exitCode).toBe(2);
    expect(row('POST /v1/orders: 503 BULKHEAD_FULL')).toMatch(/ of the machine$/);
  });
  test('where the control drops nothing', async () => {
    const error = await roll({});
    expect((error as Refused).exitCode).toBe(2);
    expect(error!.message).toContain('would not see a dropped request');
  });
  test('where nothing can be ordered', async () => {
    const error = await roll({ control: false, fault: () => ({ status: 502, body: 'bad gateway' }) });
    expect((error as Refused).exitCode).toBe(2);
    expect(error!.message).toContain('no order was placed before the restarts');
    expect(said[0]).toMatch(/^cannot fill up the stock: .* answered 502/);
    expect(row('POST /v1/users: 502')).toMatch(/ of the machine$/);
  });
});

describe('kinds that the baseline shows, too', () => {
  const failure = (kind: string): Failure => ({ kind, cause: 'dropped', detail: '' });
  const result = (count: number): LoadResult => ({
    requests: 1_000,
    orders: 300,
    failures: Array.from({ length: count }, () => failure('GET /x: ECONNRESET')),
  });
  test.each([
    [0, 1, 'failed'],
    [2, 2, 'passed'],
    [2, 9, 'passed'],
    [2, 10, 'failed'],
    [30, 20, 'inconclusive'],
  ])('%d before and %d during the restarts: %s', (before, during, outcome) =>
    expect(judge({ baseline: result(before), restarts: result(during) }).outcome).toBe(outcome),
  );
});
