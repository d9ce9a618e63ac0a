import { StreamSlots } from './stream-slots.js';

test('each customer has as many slots as allowed, and a released one is free again', () => {
  const slots = new StreamSlots(2, 100);
  const release = slots.take('a');
  slots.take('a');
  slots.take('b');
  expect(() => slots.take('a')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: 10 }));
  release();
  slots.take('a');
  expect(() => slots.take('a')).toThrow();
});

test('a slot that is released twice is one free slot', () => {
  const slots = new StreamSlots(2, 100);
  const release = slots.take('a');
  slots.take('a');
  release();
  release();
  slots.take('a');
  expect(() => slots.take('a')).toThrow();
});

test('all customers together have as many as allowed', () => {
  const slots = new StreamSlots(2, 3);
  const release = slots.take('a');
  slots.take('a');
  slots.take('b');
  expect(() => slots.take('c')).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  release();
  release();
  slots.take('c');
  expect(() => slots.take('d')).toThrow();
});
