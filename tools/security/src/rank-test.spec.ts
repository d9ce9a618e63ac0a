import { signedRankScore } from './rank-test.js';

test('Darwin’s 15 pairs of plants, as Fisher and Wilcoxon have them: the ranks below zero add up to 24', () => {
  const differences = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
  expect(signedRankScore(differences)).toBeCloseTo((96 - 60) / Math.sqrt((15 * 16 * 31) / 24));
});

test.each([
  ['as often above as below', [1, -1, 2, -2, 3, -3], 0],
  ['nothing', [0, 0], 0],
])('%s scores 0', (_title, differences, score) => {
  expect(signedRankScore(differences)).toBe(score);
});

test('a small difference that is always there shows beside rare large ones', () => {
  const shifted = Array.from({ length: 60 }, (_, index) => (index % 20 === 0 ? -500 : 5 + (index % 3)));
  expect(signedRankScore(shifted)).toBeGreaterThan(4);
  const unshifted = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 5 : -5) + (index % 3) - 1);
  expect(Math.abs(signedRankScore(unshifted))).toBeLessThan(4);
});
