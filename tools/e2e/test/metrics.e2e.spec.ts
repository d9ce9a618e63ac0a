import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shopper } from '@causeway/demo-client';
import { startSystem, type System } from '@causeway/launcher';
import { observePrograms } from '@causeway/launcher/observe-programs';
import { alertNames, allQueries, metricsIn, slos, type MetricUse } from '@causeway/observe';
import { instruments } from '@causeway/telemetry';
import { parseSamples } from '@causeway/telemetry/samples';
import { describeWhen } from '@causeway/testkit/describe-when';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { eventually } from '../src/eventually.js';
import { patience } from '../src/patience.js';
import { connectAs } from '../src/target.js';

/** Labels that Prometheus gives a target, and that of a histogram's buckets. */
const fromScrape = ['job', 'instance', 'le'];
/** What Prometheus makes itself. */
const ownOfPrometheus = /^(up|ALERTS|slo:.*)$/;

/**
 * What a system shows only in trouble that a test cannot make in a second, with the labels that the code gives it. Each
 * must be an instrument of the code, and must not be exported in this run: then it belongs to the others.
 */
const onlyAfterFaults: Readonly<Record<string, readonly string[]>> = {
  admission_shed_total: ['admission', 'kind', 'reason'],
  discovery_ejections_total: ['service'],
  // Only where the DNS finds instances: discovery.e2e.spec.ts has them.
  discovery_lookups_total: ['service', 'outcome'],
  messaging_outbox_republished_total: ['messaging_nats_stream'],
};

type Labels = Readonly<Record<string, string>>;
const programs = await observePrograms().catch(() => undefined);
let folder: string;
let system: System;
/** Every series that a service has exported, by metric. */
const exported = new Map<string, Labels[]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-metrics-'));
  const observe = programs !== undefined;
  system = await startSystem({ folder, ports: 'any', durable: false, observe, env: { all: patience } });
  await placeOrders();
  await poisonAndRepeat();
  await tooLate();
  await withoutDependencies();
  for (const { managementUrl } of system.services)
    for (const { name, labels } of parseSamples(await (await fetch(`${managementUrl}/metrics`)).text()))
      exported.set(name, [...(exported.get(name) ?? []), labels]);
}, 240_000);
afterAll(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

/** The funnel with each end, many at once so that some wait for their turn. */
async function placeOrders(): Promise<void> {
  const customer = await Shopper.create(system.endpoints);
  const { id: shippingAddressId } = await customer.addAddress();
  const products = (await customer.products()).filter(({ available }) => available >= 20);
  const place = async (paymentMethodToken: string, index: number): Promise<void> => {
    const items = [{ productId: products[index % products.length]!.id, quantity: 1 }];
    const { body } = await customer.placeOrder({ items, shippingAddressId, paymentMethodToken });
    await customer.waitFor(body.id, ['CONFIRMED', 'REJECTED'], 60_000);
  };
  await Promise.all([...Array.from({ length: 40 }, () => 'tok_success'), 'tok_declined'].map(place));
}

/** A message that no consumer can read, and one that its consumer has handled before. */
async function poisonAndRepeat(): Promise<void> {
  const { nats } = system.secrets;
  const payment = await connectAs(system.urls.nats, 'payment', nats['payment'] ?? '');
  const provisioner = await connectAs(system.urls.nats, 'provisioner', nats['provisioner'] ?? '');
  try {
    const subject = 'payment.evt.captured.v1';
    const streams = (await jetstreamManager(provisioner)).streams;
    const stored = (await streams.getMessage('PAYMENT', { last_by_subj: subject }))!;
    const again = headers();
    for (const name of stored.header.keys()) if (!name.startsWith('Nats-')) again.set(name, stored.header.get(name));
    const publisher = jetstream(payment);
    await publisher.publish(subject, stored.data, { headers: again });
    await publisher.publish(subject, '{}');
    const order = system.services.find(({ service }) => service === 'order')!;
    await eventually('the dead letter is counted', async () => {
      const text = await (await fetch(`${order.managementUrl}/metrics`)).text();
      return text.includes('messaging_dead_letters_total{') && text.includes('messaging_inbox_duplicates_total{');
    });
  } finally {
    await Promise.all([payment.close(), provisioner.close()]);
  }
}

/** A deadline that has passed before there is a response. */
async function tooLate(): Promise<void> {
  const order = system.services.find(({ service }) => service === 'order')!;
  await eventually('a deadline passes', async () => {
    const { status } = await fetch(`${order.url}/v1/products`, { headers: { 'causeway-deadline-ms': '1' } });
    return status === 504;
  });
}

/** Dependencies are away: failures, retries. */
async function withoutDependencies(): Promise<void> {
  const user = system.services.find(({ service }) => service === 'user')!;
  await user.kill();
  await fetch(`${system.urls.gateway}/oidc/.well-known/openid-configuration`);
  await user.start();
  const customer = await Shopper.create(system.endpoints);
  const { id: shippingAddressId } = await customer.addAddress();
  const [product] = await customer.products();
  const items = [{ productId: product!.id, quantity: 1 }];
  const order = { items, shippingAddressId, paymentMethodToken: 'tok_success' };
  await system.postgres.kill();
  await customer.placeOrder(order);
  await system.postgres.start();
  await eventually('orders are accepted again', async () => (await customer.placeOrder(order)).status === 202, 30_000);
}

/** What a query asks for and no service has exported. */
function missing({ metric, matches, groupedBy }: MetricUse): string[] {
  if (ownOfPrometheus.test(metric)) return [];
  const series = exported.get(metric);
  const labels = series ? new Set(series.flatMap((each) => Object.keys(each))) : new Set(onlyAfterFaults[metric]);
  if (!series && !onlyAfterFaults[metric]) return [metric];
  const wanted = [...groupedBy, ...matches.map(({ label }) => label)];
  const unknown = wanted.filter((label) => !fromScrape.includes(label) && !labels.has(label));
  const nowhere = matches
    .filter(({ label, operator }) => operator === '=' && !fromScrape.includes(label))
    .filter(({ label, value }) => series && !series.some((each) => each[label] === value));
  return [
    ...unknown.map((label) => `${metric}{${label}}`),
    ...nowhere.map(({ label, value }) => `${metric}{${label}="${value}"}`),
  ];
}

test('every metric, label and value that a rule or a panel asks for was exported', () => {
  const wrong = allQueries.flatMap(({ where, expr }) =>
    metricsIn(expr)
      .flatMap(missing)
      .map((what) => `${where} asks for ${what}`),
  );
  expect(wrong).toEqual([]);
});

test('a metric, a label or a value that nobody exports is reported', () => {
  const use = (expr: string) => metricsIn(expr).flatMap(missing);
  expect(use('sum by (customer) (rate(http_server_request_duration_count[5m]))')).toEqual([
    'http_server_request_duration_count{customer}',
  ]);
  expect(use('http_server_requests_total')).toEqual(['http_server_requests_total']);
  expect(use('order_saga_open{state="LOST"}')).toEqual(['order_saga_open{state="LOST"}']);
});

test('what shows only in trouble is an instrument of the code, and did not show', () => {
  const known = Object.values(instruments).map((name) => `${name.replaceAll('.', '_')}_total`);
  expect(Object.keys(onlyAfterFaults).filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.keys(onlyAfterFaults).filter((name) => exported.has(name))).toEqual([]);
});

test('every instrument is on a dashboard or in a rule', () => {
  const used = new Set(allQueries.flatMap(({ expr }) => metricsIn(expr).map(({ metric }) => metric)));
  const unused = Object.values(instruments).filter((name) => {
    const metric = name.replaceAll('.', '_');
    return !['', '_total', '_count', '_bucket'].some((suffix) => used.has(`${metric}${suffix}`));
  });
  expect(unused).toEqual([]);
});

describeWhen(programs !== undefined, {
  missing: 'Prometheus and Alertmanager are not here and cannot be fetched',
  remedy: 'put prometheus, promtool, alertmanager and amtool on the PATH',
})('Prometheus beside the system', () => {
  const get = async <T>(base: string | undefined, path: string): Promise<T> =>
    (await (await fetch(`${base}${path}`)).json()) as T;
  const query = async (expr: string) =>
    (
      await get<{ data: { result: { metric: Labels; value: [number, string] }[] } }>(
        system.urls.prometheus,
        `/api/v1/query?query=${encodeURIComponent(expr)}`,
      )
    ).data.result;

  test('scrapes every process under the name of its service', async () => {
    const up = await eventually(
      'all targets are up',
      async () => {
        const found = await query('up == 1');
        return found.length === system.services.length && found;
      },
      60_000,
    );
    expect(up.map(({ metric }) => `${metric['job']} ${metric['instance']}`).sort()).toEqual(
      system.services.map(({ service, id }) => `${service} ${id}`).sort(),
    );
  });

  test('evaluates every rule without an error', async () => {
    interface Rules {
      data: { groups: { rules: { name: string; type: string; health: string; lastError?: string }[] }[] };
    }
    const rules = await eventually(
      'every rule has been evaluated',
      async () => {
        const { data } = await get<Rules>(system.urls.prometheus, '/api/v1/rules');
        const all = data.groups.flatMap((group) => group.rules);
        return all.every(({ health }) => health !== 'unknown') && all;
      },
      60_000,
    );
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const loaded = new Set(rules.filter(({ type }) => type === 'alerting').map(({ name }) => name));
    expect([...loaded].sort()).toEqual([...alertNames].sort());
  });

  test('sees the objectives once there are orders', async () => {
    const customer = await Shopper.create(system.endpoints);
    const { id: shippingAddressId } = await customer.addAddress();
    const [product] = await customer.products();
    const order = {
      items: [{ productId: product!.id, quantity: 1 }],
      shippingAddressId,
      paymentMethodToken: 'tok_success',
    };
    await eventually(
      'every objective has a value',
      async () => {
        await customer.placeOrder(order);
        const found = await query('slo:bad:ratio_rate5m >= 0');
        return slos.every(({ name }) => found.some(({ metric }) => metric['slo'] === name));
      },
      60_000,
    );
  });

  test('the heartbeat reaches Alertmanager', async () => {
    await eventually(
      'the heartbeat is there',
      async () => {
        const alerts = await get<{ labels: Labels; receivers: { name: string }[] }[]>(
          system.urls.alertmanager,
          '/api/v2/alerts',
        );
        return alerts.some(
          ({ labels, receivers }) => labels['alertname'] === 'Heartbeat' && receivers[0]?.name === 'heartbeat',
        );
      },
      60_000,
    );
  });
});
