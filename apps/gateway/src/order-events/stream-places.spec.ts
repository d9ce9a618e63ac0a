import { StreamPlaces } from './stream-places.js';

test('each customer has as many places as allowed, and one that is given back is free again', () => {
  const places = new StreamPlaces(2);
  const leave = places.take('a');
  places.take('a');
  places.take('b');
  expect(() => places.take('a')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: 10 }));
  leave();
  places.take('a');
  expect(() => places.take('a')).toThrow();
});

test('a place that is given back twice frees one place', () => {
  const places = new StreamPlaces(2);
  const leave = places.take('a');
  places.take('a');
  leave();
  leave();
  places.take('a');
  expect(() => places.take('a')).toThrow();
});
