import type { PaymentReader } from '../../application/read-payment.js';
import type { PaymentStatus, Refund } from '../../domain/payment.js';
import type { PrismaClient } from '../../generated/prisma/client.js';

/** Reads through Prisma: this is not a hot path, and Prisma joins the refunds. */
export class PrismaPaymentReader implements PaymentReader {
  constructor(private readonly prisma: PrismaClient) {}

  async find(id: string): ReturnType<PaymentReader['find']> {
    const include = { refunds: { orderBy: { position: 'asc' } } } as const;
    const row = await this.prisma.payment.findUnique({ where: { id }, include });
    // A void marker belongs to nobody yet.
    if (!row || row.customerId === null || row.amountMinor === null || row.currency === null) return undefined;
    const view = {
      id: row.id,
      orderId: row.orderId,
      status: row.status as PaymentStatus,
      amountMinor: Number(row.amountMinor),
      currency: row.currency,
      refundedMinor: Number(row.refundedMinor),
      declineReason: row.declineReason,
      refunds: row.refunds.map((refund) => ({
        id: refund.id,
        amountMinor: Number(refund.amountMinor),
        status: refund.status as Refund['status'],
        reason: refund.reason,
        createdAt: refund.createdAt.toISOString(),
      })),
      version: row.version,
      createdAt: row.createdAt.toISOString(),
      updatedAt: row.updatedAt.toISOString(),
    };
    return { customerId: row.customerId, view };
  }
}
