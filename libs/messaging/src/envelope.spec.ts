import { parcelLost, parcelSent } from '@causeway/contracts/testing';
import { buildEnvelope, draftEnvelope, parseEnvelope } from './envelope.js';

const parcelId = '0190a6b0-0000-7000-8000-000000000001';
const data = { parcelId, customerId: parcelId, version: 1, occurredAt: '2026-01-01T00:00:00Z' };
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const built = () => buildEnvelope(parcelSent, { source: 'parcel', aggregateId: parcelId, data });

function errorOf(payload: unknown): unknown {
  try {
    parseEnvelope(parcelSent, bytes(payload));
  } catch (error) {
    return error;
  }
  throw new Error('accepted');
}

test('an envelope that is built can be parsed', () => {
  const expected = { type: 'parcel.evt.sent.v1', source: '/causeway/parcel', subject: parcelId, data };
  expect(parseEnvelope(parcelSent, bytes(built()))).toMatchObject(expected);
});

test('an id and a time may be given; otherwise the id is a new UUIDv7', () => {
  const fixed = buildEnvelope(parcelSent, {
    source: 'parcel',
    aggregateId: 'a',
    data,
    id: parcelId,
    time: new Date(0),
  });
  expect(fixed).toMatchObject({ id: parcelId, time: '1970-01-01T00:00:00.000Z' });
  expect(built().id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(built().id).not.toBe(built().id);
});

test('data that does not match its schema is refused, but a draft may be incomplete', () => {
  expect(() => buildEnvelope(parcelLost, { source: 'parcel', aggregateId: 'a', data: data as never })).toThrow(
    '/reason',
  );
  expect(draftEnvelope(parcelLost, { source: 'parcel', aggregateId: 'a', data: {} }).data).toEqual({});
});

test('bytes that are not JSON or not UTF-8 are malformed', () => {
  expect(errorOf('{"a":')).toMatchObject({
    code: 'MESSAGE_MALFORMED',
    retryable: false,
    violations: [{ path: '' }],
  });
  expect(() => parseEnvelope(parcelSent, new Uint8Array([0x22, 0xff, 0x22]))).toThrow('not JSON');
  expect(errorOf('')).toMatchObject({ code: 'MESSAGE_MALFORMED' });
});

test('every wrong field is named: in the envelope, the type, the data', () => {
  expect(errorOf({ ...built(), id: 'x', time: 'yesterday' })).toMatchObject({
    code: 'MESSAGE_INVALID',
    violations: [{ path: '/id' }, { path: '/time' }],
  });
  expect(errorOf({ ...built(), type: 'parcel.evt.packed.v1' })).toMatchObject({ violations: [{ path: '/type' }] });
  expect(errorOf({ ...built(), data: { ...data, version: 0, occurredAt: 7 } })).toMatchObject({
    violations: [{ path: '/data/version' }, { path: '/data/occurredAt' }],
  });
  expect(errorOf({ ...built(), data: undefined })).toMatchObject({ violations: [{ path: '/data' }] });
});

test('fields that a newer publisher added are let through', () => {
  const newer = { ...built(), extension: 1, data: { ...data, added: true } };
  expect(parseEnvelope(parcelSent, bytes(newer)).data).toEqual(data);
});
