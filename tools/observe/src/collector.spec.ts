import { blockedKeys, blockedValues, clusterCollector, composeCollector } from './collector.js';

/** Go's inline flag, as JavaScript writes it. */
const regexp = (pattern: string): RegExp =>
  pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
const hit = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => regexp(pattern).test(text));

describe.each([
  ['compose', composeCollector],
  ['cluster', clusterCollector],
])('the collector of %s', (_, config) => {
  test.each(['receivers', 'processors', 'exporters'] as const)('configures exactly the %s that it uses', (kind) => {
    const used = new Set(Object.values(config.service.pipelines).flatMap((pipeline) => pipeline[kind]));
    expect(Object.keys(config[kind]).sort()).toEqual([...used].sort());
  });

  test('limits its memory first, batches last, and lets nothing out that is not redacted', () => {
    for (const [name, { processors }] of Object.entries(config.service.pipelines)) {
      expect([processors[0], processors.at(-1)]).toEqual(['memory_limiter', 'batch']);
      // Metrics have no attribute that a person writes.
      expect(processors.includes('redaction')).toBe(name !== 'metrics');
    }
  });

  test('samples before it does anything else with a trace: what is dropped costs nothing more', () => {
    expect(config.service.pipelines['traces']?.processors[1]).toBe('tail_sampling');
  });
});

test.each(['user.password', 'MANAGEMENT_TOKEN', 'http.request.header.cookie', 'Authorization', 'psp.api_key'])(
  'the attribute %s does not leave',
  (key) => expect(hit(blockedKeys, key)).toBe(true),
);

test.each([
  '4111111111111111',
  'charge of 5500005555555559 failed',
  'ada@example.com',
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
  'Bearer abc.def',
])('the value %s does not leave', (value) => expect(hit(blockedValues, value)).toBe(true));

test.each([
  '01a21f0a-8689-738d-8b8e-d9ae7b958a49',
  '/v1/orders/:id',
  'order.evt.placed.v1',
  '119.80 EUR',
  '1790000000000',
])('the value %s stays', (value) => expect(hit(blockedValues, value)).toBe(false));

test.each(['causeway.order.id', 'http.route', 'messaging.destination.name', 'error.type'])(
  'the attribute %s stays',
  (key) => expect(hit(blockedKeys, key)).toBe(false),
);
