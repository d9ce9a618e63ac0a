import { CodedError, NotFound } from '@causeway/errors';
import { DatabaseUnavailable } from '@causeway/persistence';
import { BulkheadFull, Overloaded } from '@causeway/resilience';
import { HandlerTimeout, MessageAbandoned } from '../errors.js';
import { deliveryOutcomeOf } from './delivery-outcome.js';
import { consumerLimits } from './limits.js';

class Unreachable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Wait.';
  override readonly retryable = true;
}

test.each([new Error('boom'), new Unreachable('gone'), new HandlerTimeout('a.b', 20_000), 'a string', undefined])(
  '%s is tried 8 times, then given up',
  (error) => {
    for (let attempt = 1; attempt < 8; attempt += 1) expect(deliveryOutcomeOf(error, attempt).kind).toBe('retry');
    expect(deliveryOutcomeOf(error, 8)).toEqual({ kind: 'dead-letter', why: 'failed 8 times' });
    expect(deliveryOutcomeOf(error, 9).kind).toBe('dead-letter');
  },
);

test('a coded error that no retry can help is given up at once', () => {
  expect(deliveryOutcomeOf(new NotFound('parcel 1'), 1)).toEqual({ kind: 'dead-letter', why: 'a retry cannot help' });
});

test('a message that probably kills its process is given up at once', () => {
  const outcome = { kind: 'dead-letter', why: 'given up before the server drops it' };
  expect(deliveryOutcomeOf(new MessageAbandoned(13), 13)).toEqual(outcome);
});

test.each([new DatabaseUnavailable(), new Overloaded(), new BulkheadFull('user')])(
  '%s is waited for, whatever the attempt',
  (error) => {
    expect([deliveryOutcomeOf(error, 1), deliveryOutcomeOf(error, 12)]).toEqual([{ kind: 'wait' }, { kind: 'wait' }]);
  },
);

test('the ceiling of the delay doubles from 1 s to 60 s; the delay is anything below it', () => {
  const delay = (attempt: number, random: number) => deliveryOutcomeOf(new Error('boom'), attempt, () => random);
  expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => delay(attempt, 1))).toEqual(
    [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000].map((delayMs) => ({ kind: 'retry', delayMs })),
  );
  expect(delay(7, 0)).toEqual({ kind: 'retry', delayMs: 0 });
});

test('the limits fit together: a message is not redelivered while it waits for a slot or is handled', () => {
  const { handlerMs, ackWaitMs, maxAttempts, abandonAt, maxDeliver } = consumerLimits;
  expect(handlerMs).toBeLessThan(ackWaitMs);
  expect(maxAttempts).toBeLessThan(abandonAt);
  expect(abandonAt).toBeLessThan(maxDeliver);
});
