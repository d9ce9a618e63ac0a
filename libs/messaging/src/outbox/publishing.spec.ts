import { Backoff } from './backoff.js';
import { byAggregate } from './publisher.js';
import type { PendingRow } from './rows.js';

const row = (id: string, aggregate_id: string, aggregate_type = 'parcel'): PendingRow => ({
  id,
  aggregate_id,
  aggregate_type,
  subject: 'parcel.evt.packed.v1',
  envelope: '{}',
  traceparent: null,
});

test('rows are grouped by aggregate and keep their order', () => {
  const groups = byAggregate([row('1', 'a'), row('2', 'b'), row('3', 'a'), row('4', 'a', 'label')]);
  expect(groups.map((group) => group.map(({ id }) => id))).toEqual([['1', '3'], ['2'], ['4']]);
});

describe('back-off', () => {
  test('a refused message blocks its aggregate, anything else its whole owner', () => {
    const backoff = new Backoff(() => 0);
    backoff.failed(row('1', 'a'), true);
    backoff.failed(row('2', 'b', 'label'), false);
    expect(backoff.beginPass()).toEqual({ types: ['label'], aggregates: ['a'] });
  });

  test('the pause doubles from 250 ms to 10 s with each failed try, not with each row', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    const pauses = [];
    for (let round = 0; round < 8; round += 1) {
      const from = now;
      for (let index = 0; index < 5; index += 1) backoff.failed(row('1', 'a'), false);
      while (backoff.beginPass().types.length > 0) now += 10;
      pauses.push(now - from);
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  test('the relay is told when the first of them may be tried again', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    expect(backoff.untilNextMs).toBe(Infinity);
    backoff.failed(row('1', 'a'), true);
    now = 100;
    backoff.failed(row('2', 'b'), true);
    expect(backoff.untilNextMs).toBe(150);
    // The first pause has ended since the last pass, which left its message out.
    now = 300;
    expect(backoff.untilNextMs).toBe(0);
    expect(backoff.beginPass().aggregates).toEqual(['b']);
    expect(backoff.untilNextMs).toBe(50);
    now = 400;
    backoff.beginPass();
    expect(backoff.untilNextMs).toBe(Infinity);
  });

  test('a success, or a reconnect, ends it', () => {
    const backoff = new Backoff(() => 0);
    backoff.failed(row('1', 'a'), true);
    backoff.failed(row('1', 'a'), false);
    backoff.succeeded(row('1', 'a'));
    expect(backoff.beginPass()).toEqual({ types: [], aggregates: [] });
    backoff.failed(row('1', 'a'), false);
    backoff.clear();
    expect(backoff.beginPass()).toEqual({ types: [], aggregates: [] });
  });
});
