import { orderConfirmed, orderRejected } from '@causeway/contracts';
import { buildEnvelope, draftEnvelope, parseEnvelope } from './envelope.js';

const orderId = '0190a6b0-0000-7000-8000-000000000001';
const data = { orderId, customerId: orderId, version: 1, occurredAt: '2026-01-01T00:00:00Z' };
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const built = () => buildEnvelope(orderConfirmed, { source: 'order', aggregateId: orderId, data });

function errorOf(payload: unknown): unknown {
  try {
    parseEnvelope(orderConfirmed, bytes(payload));
  } catch (error) {
    return error;
  }
  throw new Error('accepted');
}

test('an envelope that is built can be parsed', () => {
  const expected = { type: 'order.evt.confirmed.v1', source: '/causeway/order', subject: orderId, data };
  expect(parseEnvelope(orderConfirmed, bytes(built()))).toMatchObject(expected);
});

test('an id and a time may be given; otherwise the id is a new UUIDv7', () => {
  const fixed = buildEnvelope(orderConfirmed, {
    source: 'order',
    aggregateId: 'a',
    data,
    id: orderId,
    time: new Date(0),
  });
  expect(fixed).toMatchObject({ id: orderId, time: '1970-01-01T00:00:00.000Z' });
  expect(built().id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(built().id).not.toBe(built().id);
});

test('data that does not match its schema is refused, but a draft may be incomplete', () => {
  expect(() => buildEnvelope(orderRejected, { source: 'order', aggregateId: 'a', data: data as never })).toThrow(
    '/reason',
  );
  expect(draftEnvelope(orderRejected, { source: 'order', aggregateId: 'a', data: {} }).data).toEqual({});
});

test('bytes that are not JSON or not UTF-8 are malformed', () => {
  expect(errorOf('{"a":')).toMatchObject({
    code: 'MESSAGE_MALFORMED',
    retryable: false,
    violations: [{ path: '' }],
  });
  expect(() => parseEnvelope(orderConfirmed, new Uint8Array([0x22, 0xff, 0x22]))).toThrow('not JSON');
  expect(errorOf('')).toMatchObject({ code: 'MESSAGE_MALFORMED' });
});

test('every wrong field is named: in the envelope, the type, the data', () => {
  expect(errorOf({ ...built(), id: 'x', time: 'yesterday' })).toMatchObject({
    code: 'MESSAGE_INVALID',
    violations: [{ path: '/id' }, { path: '/time' }],
  });
  expect(errorOf({ ...built(), type: 'order.evt.placed.v1' })).toMatchObject({ violations: [{ path: '/type' }] });
  expect(errorOf({ ...built(), data: { ...data, version: 0, occurredAt: 7 } })).toMatchObject({
    violations: [{ path: '/data/version' }, { path: '/data/occurredAt' }],
  });
  expect(errorOf({ ...built(), data: undefined })).toMatchObject({ violations: [{ path: '/data' }] });
});

test('fields that a newer publisher added are let through', () => {
  const newer = { ...built(), extension: 1, data: { ...data, added: true } };
  expect(parseEnvelope(orderConfirmed, bytes(newer)).data).toEqual(data);
});
