import { sharedReading } from './index.js';

test('a reading serves everybody who asks within a second', () => {
  let now = 0;
  let readings = 0;
  const read = sharedReading(
    () => (readings += 1),
    () => now,
  );
  const seen = [0, 999, 1_000, 1_500, 2_001].map((at) => {
    now = at;
    return read();
  });
  expect(seen).toEqual([1, 1, 2, 2, 3]);
});
