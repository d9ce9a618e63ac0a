const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const pattern = /^\+?(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/**
 * One of Kubernetes' quantities in thousandths of its unit, rounded up, so that sums of millicores are exact: `250m` is
 * 250, `1Gi` is 1000 × 2^30. Undefined is 0. @throws Error for anything else.
 */
export function thousandths(text: string | number | undefined): number {
  const [, digits, suffix, exponent] = pattern.exec(String(text ?? '0')) ?? [];
  if (digits === undefined) throw new Error(`${text} is no quantity such as 250m or 1Gi`);
  const factor = suffix === undefined ? 10 ** Number(exponent ?? 0) : suffixes[suffix]!;
  // 0.1 × 1000 and the like miss the integer by a few units of the last place.
  return Math.ceil(Number((Number(digits) * factor * 1_000).toPrecision(15)));
}

/**
 * For a person, by the name a quota has for it: `250m` of a CPU, `352Mi` of memory or storage, `30` of anything else.
 */
export function readable(resource: string, amount: number): string {
  if (/(^|\.)cpu$/.test(resource)) return `${amount}m`;
  if (!/memory|storage$/.test(resource)) return `${amount / 1_000}`;
  const mebibytes = amount / 1_000 / suffixes['Mi']!;
  return mebibytes >= 1_024 && mebibytes % 1_024 === 0
    ? `${mebibytes / 1_024}Gi`
    : `${Math.ceil(mebibytes * 100) / 100}Mi`;
}
