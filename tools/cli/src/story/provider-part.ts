import type { Query } from '../target/read-database.js';
import { money, type StoryPart } from './story.js';

interface LedgerLine extends Record<string, unknown> {
  readonly charge_id: string;
  readonly type: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly at: Date;
}

/** The books of the provider's stand-in. A real provider has a page for this. */
export async function providerPart(query: Query, paymentId: string): Promise<StoryPart> {
  const lines = await query<LedgerLine>(
    'SELECT charge_id, type, amount_minor, currency, at FROM ledger_entries WHERE reference = $1 ORDER BY seq',
    [paymentId],
  );
  const currency = lines[0]?.currency ?? '';
  const total = (type: string): number =>
    lines.filter((line) => line.type === type).reduce((sum, { amount_minor }) => sum + Number(amount_minor), 0);
  const charges = new Set(lines.filter(({ type }) => type === 'authorize').map(({ charge_id }) => charge_id));
  return {
    now: [
      lines.length === 0
        ? 'provider knows nothing of it'
        : `provider captured ${money(total('capture'), currency)}, refunded ${money(total('refund'), currency)}`,
    ],
    open: charges.size > 1 ? [`the provider has authorized ${charges.size} charges for one payment`] : [],
    events: lines.map(({ at, type, amount_minor, currency: own }) => ({
      at,
      by: 'provider',
      what: `${type} ${money(amount_minor, own)}`,
    })),
  };
}
