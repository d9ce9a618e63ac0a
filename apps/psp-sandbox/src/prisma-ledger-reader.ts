import type { LedgerEntryType } from './charge.js';
import type { PrismaClient } from './generated/prisma/client.js';
import type { LedgerQuery } from './schemas.js';

export interface LedgerEntryView {
  readonly seq: number;
  readonly chargeId: string;
  readonly reference: string;
  readonly type: LedgerEntryType;
  readonly amountMinor: number;
  readonly currency: string;
  readonly at: string;
}

/** The totals of one reference in one currency. */
export interface LedgerSum {
  readonly reference: string;
  readonly currency: string;
  /** Charges of the reference, declined ones included: more than one authorization is a double charge. */
  readonly charges: number;
  readonly authorizedMinor: number;
  readonly declinedMinor: number;
  readonly capturedMinor: number;
  readonly voidedMinor: number;
  readonly refundedMinor: number;
}

export interface LedgerView {
  readonly entries: readonly LedgerEntryView[];
  readonly sums: readonly LedgerSum[];
  /** For `?after=`; null on the last page. */
  readonly nextAfter: number | null;
}

const sumOf = {
  authorize: 'authorizedMinor',
  decline: 'declinedMinor',
  capture: 'capturedMinor',
  void: 'voidedMinor',
  refund: 'refundedMinor',
} as const;

/** Reads the ledger: a page of entries, with the totals of every reference on it. */
export class PrismaLedgerReader {
  constructor(private readonly prisma: PrismaClient) {}

  async read({ reference, after, limit }: LedgerQuery): Promise<LedgerView> {
    const where = { seq: { gt: BigInt(after) }, ...(reference !== undefined && { reference }) };
    const rows = await this.prisma.ledgerEntry.findMany({ where, orderBy: { seq: 'asc' }, take: limit + 1 });
    const page = rows.slice(0, limit);
    const entries = page.map(({ seq, chargeId, type, amountMinor, currency, at, ...row }) => ({
      seq: Number(seq),
      chargeId,
      reference: row.reference,
      type: type as LedgerEntryType,
      amountMinor: Number(amountMinor),
      currency,
      at: at.toISOString(),
    }));
    const nextAfter = rows.length > limit ? (entries.at(-1)?.seq ?? null) : null;
    return { entries, sums: await this.sums([...new Set(entries.map((entry) => entry.reference))]), nextAfter };
  }

  private async sums(references: string[]): Promise<LedgerSum[]> {
    if (references.length === 0) return [];
    const groups = await this.prisma.ledgerEntry.groupBy({
      by: ['reference', 'currency', 'type'],
      where: { reference: { in: references } },
      _sum: { amountMinor: true },
      _count: { _all: true },
      orderBy: [{ reference: 'asc' }, { currency: 'asc' }],
    });
    const sums = new Map<string, LedgerSum>();
    for (const { reference, currency, type, _sum, _count } of groups) {
      const key = `${reference} ${currency}`;
      const before = sums.get(key) ?? { ...zero, reference, currency };
      const opened = type === 'authorize' || type === 'decline' ? _count._all : 0;
      sums.set(key, {
        ...before,
        charges: before.charges + opened,
        [sumOf[type as LedgerEntryType]]: Number(_sum.amountMinor ?? 0),
      });
    }
    return [...sums.values()];
  }
}

const zero = { charges: 0, authorizedMinor: 0, declinedMinor: 0, capturedMinor: 0, voidedMinor: 0, refundedMinor: 0 };
