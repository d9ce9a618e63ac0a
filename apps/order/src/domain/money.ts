export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/** Writes an amount for people, with the decimals of its currency (ISO 4217): `64.90 EUR`, `1200 JPY`. */
export function formatMoney({ amountMinor, currency }: Money): string {
  const { maximumFractionDigits: decimals = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  return `${(amountMinor / 10 ** decimals).toFixed(decimals)} ${currency}`;
}
