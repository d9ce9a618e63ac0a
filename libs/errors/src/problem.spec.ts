import { CodedError, NotFound, toProblem, ValidationFailed } from './index.js';

test('a coded error becomes a problem with the status and title of its code', () => {
  expect(toProblem(new NotFound('order 1'), 'abc')).toEqual({
    type: 'urn:causeway:problem:not-found',
    title: 'Not found',
    status: 404,
    detail: 'order 1 was not found',
    code: 'NOT_FOUND',
    remedy: expect.any(String),
    traceId: 'abc',
  });
});

test('violations are listed with their paths', () => {
  const problem = toProblem(new ValidationFailed([{ path: '/items/0/quantity', message: 'expected at least 1' }]));
  expect(problem.errors).toEqual([{ path: '/items/0/quantity', message: 'expected at least 1' }]);
  expect(problem.detail).toBe('/items/0/quantity: expected at least 1');
});

test('nothing of an unexpected error leaks', () => {
  const problem = toProblem(new Error('password=hunter2 at 10.0.0.3'), 'abc');
  expect(JSON.stringify(problem)).not.toMatch(/hunter2|10\.0\.0\.3/);
  expect(problem).toMatchObject({ status: 500, code: 'INTERNAL', traceId: 'abc' });
});

test('an error is named after its class and keeps its cause', () => {
  class Broken extends CodedError {
    readonly code = 'INTERNAL';
    readonly remedy = 'Try again.';
  }
  const cause = new Error('below');
  const error = new Broken('above', { cause });
  expect([error.name, error.cause, error.retryable]).toEqual(['Broken', cause, false]);
});
