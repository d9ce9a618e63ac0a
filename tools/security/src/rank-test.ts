/**
 * Wilcoxon's signed-rank test of paired measurements (F. Wilcoxon, "Individual Comparisons by Ranking Methods", 1945):
 * how far the differences lie from being as often above as below zero. One slow measurement counts for one rank,
 * however slow it was. Ties get the mean of their ranks; differences of zero are left out.
 * @returns the standard score of the rank sum; beyond ±4 by chance once in 16 000 tests. 0 without differences.
 */
export function signedRankScore(differences: readonly number[]): number {
  const sorted = differences.filter((each) => each !== 0).sort((one, other) => Math.abs(one) - Math.abs(other));
  const n = sorted.length;
  if (n === 0) return 0;
  const ranks = sorted.map((each) => {
    const first = sorted.findIndex((other) => Math.abs(other) === Math.abs(each));
    const last = sorted.findLastIndex((other) => Math.abs(other) === Math.abs(each));
    return (first + last) / 2 + 1;
  });
  const sum = ranks.reduce((total, rank, index) => total + (sorted[index]! > 0 ? rank : 0), 0);
  return (sum - (n * (n + 1)) / 4) / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
}
