import { CodedError, ValidationFailed } from '@causeway/errors';
import { toProblem } from '@causeway/errors';
import { decodeError, decodeJson, encodeError, encodeJson } from './wire.js';

class Busy extends CodedError {
  readonly code = 'LOGIN_BUSY';
  readonly remedy = 'Wait a little.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 3;
}

const across = (error: unknown) => {
  const { code, payload } = encodeError(error);
  return decodeError('user', code, payload);
};

test('a coded error keeps everything that a client needs to react to it', () => {
  const arrived = across(new Busy('4 sign-ins are running'));
  expect(arrived).toMatchObject({
    name: 'RemoteError',
    service: 'user',
    code: 'LOGIN_BUSY',
    message: '4 sign-ins are running',
    remedy: 'Wait a little.',
    retryable: true,
    retryAfterSeconds: 3,
  });
  expect(toProblem(arrived)).toMatchObject({ status: 503, code: 'LOGIN_BUSY' });
  expect(across(new ValidationFailed([{ path: '/a', message: 'no' }])).violations).toEqual([
    { path: '/a', message: 'no' },
  ]);
});

test('an unexpected error crosses as INTERNAL, without its message', () => {
  const arrived = across(new Error('connect 10.0.0.3 password=x'));
  expect(arrived.code).toBe('INTERNAL');
  expect(JSON.stringify(arrived) + arrived.message).not.toMatch(/10\.0\.0\.3|password/);
});

test('a code that this build does not know, or a payload that cannot be read, is still an error', () => {
  expect(decodeError('user', 'BRAND_NEW', encodeJson({ message: 'hm' }))).toMatchObject({
    code: 'INTERNAL',
    message: 'hm',
  });
  expect(decodeError('user', 'NOT_FOUND', new Uint8Array([0xff]))).toMatchObject({
    code: 'NOT_FOUND',
    message: 'user replied NOT_FOUND',
  });
  expect(decodeError('user', 'toString', encodeJson({ message: 'hm' })).code).toBe('INTERNAL');
});

test('undefined is null on the wire', () => {
  expect(decodeJson(encodeJson(undefined))).toBeNull();
});
