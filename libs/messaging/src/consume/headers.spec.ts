import { headers } from '@nats-io/transport-node';
import { headersOf, headerValue, traceCarrier } from './headers.js';

test('a header value is one line of bounded length', () => {
  expect(headerValue('a\r\nNats-Msg-Id: x\tb')).toBe('a Nats-Msg-Id: x b');
  expect(headerValue('x'.repeat(5_000))).toHaveLength(2_000);
});

test('the headers of a message are kept, instructions to the server are not', () => {
  const base = headers();
  base.set('traceparent', 't');
  base.append('X-Many', '1');
  base.append('X-Many', '2');
  base.set('Nats-Msg-Id', 'id');
  base.set('Nats-Expected-Stream', 'LABEL');
  const result = headersOf({ added: 'yes' }, base);
  expect(result.get('traceparent')).toBe('t');
  expect(result.values('X-Many')).toEqual(['1', '2']);
  expect(result.get('added')).toBe('yes');
  expect([result.has('Nats-Msg-Id'), result.has('Nats-Expected-Stream')]).toEqual([false, false]);
});

test('only trace headers are carried over into the context', () => {
  const from = headersOf({ traceparent: 't', other: 'o' });
  expect(traceCarrier(from)).toEqual({ traceparent: 't' });
  expect(traceCarrier(undefined)).toEqual({});
});
