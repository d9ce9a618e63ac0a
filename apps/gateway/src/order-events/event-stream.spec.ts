import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { OrderView } from '@causeway/contracts';
import { jest } from '@jest/globals';
import { EventStream } from './event-stream.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A response whose client reads as much as the test says. */
class FakeResponse extends EventEmitter {
  text = '';
  writableLength = 0;
  writableFinished = false;
  destroyed = false;
  reads = true;
  writeHead = () => this;

  write(text: string): boolean {
    if (this.destroyed) throw new Error('written after the end');
    this.text += text;
    if (!this.reads) this.writableLength += text.length;
    return this.reads;
  }

  end(): void {
    if (!this.reads) return;
    this.writableFinished = true;
    this.emit('close');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const order = { id: 'o1', version: 1 } as OrderView;
function open(options = {}) {
  const response = new FakeResponse();
  const stream = new EventStream(response as unknown as ServerResponse, order, {
    heartbeatMs: 1_000,
    maxMs: 60_000,
    ...options,
  });
  const event = (version: number, reason = '') =>
    stream.event({ type: 't', orderId: 'o1', status: 'CONFIRMED', version, occurredAt: 'now', reason });
  return { response, stream, event };
}
const heartbeats = ({ text }: FakeResponse) => text.match(/^: still here$/gm)?.length ?? 0;

test('a client that does not read is dropped before its backlog grows', () => {
  const { response, event } = open();
  response.reads = false;
  for (let version = 2; version < 100; version += 1) event(version, 'x'.repeat(10_000));
  expect(response.destroyed).toBe(true);
  expect(response.writableLength).toBeLessThan(65_536 + 20_000);
});

test('heartbeats do not queue up behind a client that does not read', () => {
  const { response, event } = open();
  response.reads = false;
  event(2);
  jest.advanceTimersByTime(30_000);
  expect(heartbeats(response)).toBe(0);
  response.writableLength = 0;
  jest.advanceTimersByTime(1_000);
  expect(heartbeats(response)).toBe(1);
});

test('it ends after its time; a client that does not take the end is dropped', () => {
  const good = open();
  jest.advanceTimersByTime(60_000);
  expect([good.response.writableFinished, good.response.destroyed]).toEqual([true, false]);

  const deaf = open();
  deaf.response.reads = false;
  jest.advanceTimersByTime(60_000);
  expect(deaf.response.destroyed).toBe(false);
  jest.advanceTimersByTime(1_000);
  expect(deaf.response.destroyed).toBe(true);
});

test('nothing runs on, and nothing is written, after the client has gone', () => {
  const { response, stream, event } = open();
  response.destroy();
  const before = response.text;
  event(2);
  stream.end();
  expect([response.text, jest.getTimerCount()]).toEqual([before, 0]);
  jest.runAllTimers();
  expect(response.text).toBe(before);
});
