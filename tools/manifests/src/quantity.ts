const units: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Kubernetes' quantities as a number: cores, or bytes. `250m` is 0.25, `1Gi` is 2^30. @throws Error for what is none. */
export function quantity(text: string | number | undefined): number {
  const [, digits, unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(String(text ?? '0')) ?? [];
  const factor = units[unit];
  if (digits === undefined || factor === undefined) throw new Error(`${text} is no quantity such as 250m or 1Gi`);
  return Number(digits) * factor;
}
