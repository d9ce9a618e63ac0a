import { Writable } from 'node:stream';
import { context, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { createLogger, getLogger, NestLogger, type LogFields } from './index.js';

const early = getLogger('early');
early.info('nobody hears this');

function memory() {
  const texts: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      texts.push(chunk.toString());
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return {
    texts,
    lines,
    logger: createLogger({ service: 'billing', instanceId: 'billing-1', level: 'debug', destination: stream }),
  };
}

test('a line says who, when, how bad, and what', () => {
  const { lines, logger } = memory();
  logger.info({ messageId: 'm1' }, 'message handled');
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: 'billing',
      instance: 'billing-1',
      messageId: 'm1',
      msg: 'message handled',
    },
  ]);
});

test('inside a trace a line carries the ids', () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { lines, logger } = memory();
  const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  context.with(trace.setSpanContext(context.active(), spanContext), () => logger.info('inside'));
  logger.info('outside');
  expect(lines[0]).toMatchObject({ trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) });
  expect(lines[1]).not.toHaveProperty('trace_id');
});

test('a logger made before the process’s logger follows it, and each later one', () => {
  const first = memory();
  early.info('one');
  const second = memory();
  early.info('two');
  expect(first.lines.map(({ msg, scope }) => [msg, scope])).toEqual([['one', 'early']]);
  expect(second.lines.map(({ msg }) => msg)).toEqual(['two']);
});

/** The type would refuse these fields; what arrives from libraries is not typed. */
const untyped = (fields: object): LogFields => fields;

test('no secret reaches a line: not in fields, nested objects, arrays or errors', () => {
  const { lines, logger } = memory();
  const error = Object.assign(new Error('refused'), { config: { headers: { Authorization: 'Bearer s3cret' } } });
  logger.warn(
    untyped({
      err: error,
      request: { headers: { cookie: 's3cret', 'X-Access-Token': 's3cret', accept: 'text/html' } },
      items: [{ paymentMethodToken: 's3cret' }],
      newPassword: 's3cret',
      client_secret: 's3cret',
      customer: { email: 's3cret', postalCode: 's3cret' },
    }),
    'refused',
  );
  const text = JSON.stringify(lines);
  expect(text).not.toContain('s3cret');
  expect(text).toContain('text/html');
  expect(lines[0]).toMatchObject({ err: { message: 'refused', stack: expect.stringContaining('Error: refused') } });
});

test('of an error a line has type, message, stack, code and cause; not what a library has hung on it', () => {
  const { lines, logger } = memory();
  const client = { connectionParameters: { user: 'order_app' }, self: {} };
  client.self = client;
  const refused = Object.assign(new TypeError('connection refused'), { code: 'ECONNREFUSED', client });
  const err = Object.assign(new Error('no connection', { cause: refused }), { code: '57P03', client, detail: 'a row' });
  logger.error({ err }, 'failed');
  logger.error({ err: new Error('odd', { cause: client }) }, 'failed');
  logger.error({ err: 'thrown text' }, 'failed');
  expect(lines[0]?.['err']).toEqual({
    type: 'Error',
    message: 'no connection',
    stack: expect.stringContaining('Error: no connection'),
    code: '57P03',
    cause: {
      type: 'TypeError',
      message: 'connection refused',
      stack: expect.stringContaining('TypeError: connection refused'),
      code: 'ECONNREFUSED',
    },
  });
  expect(lines[1]).toMatchObject({ err: { message: 'odd', cause: { type: 'object', message: '[object Object]' } } });
  expect(lines[2]).toMatchObject({ err: { type: 'string', message: 'thrown text' } });
});

test('errors that are their own cause come to an end', () => {
  const { lines, logger } = memory();
  const first = new Error('first');
  first.cause = new Error('second', { cause: first });
  logger.error({ err: first }, 'failed');
  expect(lines[0]).toMatchObject({
    err: { message: 'first', cause: { message: 'second', cause: { message: 'first' } } },
  });
});

test('what is logged is not changed', () => {
  const { logger } = memory();
  const fields = { headers: { cookie: 'kept' } };
  logger.info(untyped(fields), 'said');
  expect(fields).toEqual({ headers: { cookie: 'kept' } });
});

test('Nest’s lines look like ours; its chatter at start is debug', () => {
  const { lines, texts } = memory();
  const nest = new NestLogger(getLogger('nest'));
  nest.log('AppModule dependencies initialized', 'InstanceLoader');
  nest.warn('careful', 'OrdersController');
  nest.error(new Error('broken'), 'ExceptionsHandler');
  nest.error('broken', 'Error: broken\n    at place (file.ts:1:1)', 'ExceptionsHandler');
  nest.log({ some: 'object' });
  expect(lines.map(({ level, scope, msg }) => [level, scope, msg])).toEqual([
    ['debug', 'InstanceLoader', 'AppModule dependencies initialized'],
    ['warn', 'OrdersController', 'careful'],
    ['error', 'ExceptionsHandler', 'broken'],
    ['error', 'ExceptionsHandler', 'broken'],
    ['info', 'nest', '{"some":"object"}'],
  ]);
  expect(lines[2]).toMatchObject({ err: { message: 'broken' } });
  expect(lines[3]?.['stack']).toContain('place (file.ts');
  expect(texts.every((text) => text.split('"scope"').length === 2)).toBe(true);
});

test('a field that the schema does not have does not compile, nor one of another type, nor who writes the line', () => {
  const { logger } = memory();
  const made = { messageId: 'm1', basket: 3 };
  // @ts-expect-error an object that was made elsewhere
  logger.info(made, 'a field too many');
  // @ts-expect-error personal data has no field
  logger.info({ email: 'ada@example.com' }, 'said');
  // @ts-expect-error the type of a field
  logger.info({ orderId: 7 }, 'said');
  // @ts-expect-error another service is `peer`: a second `service` in a line makes it invalid
  logger.info({ service: 'order' }, 'a field of the logger');
  // @ts-expect-error a line needs a message
  logger.info({ messageId: 'm1' });
  // @ts-expect-error a field of each line belongs into each line
  logger.child({ messageId: 'm1' });
});
