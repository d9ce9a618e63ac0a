import type { PaymentView } from '@causeway/contracts';
import { translatePgError } from '@causeway/persistence';
import { currentDeadline } from '@causeway/resilience';
import { inSpan } from '@causeway/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type { PaymentReader } from '../../application/read-payment.js';
import type { PaymentStatus, Refund } from '../../domain/payment.js';
import type { PrismaClient } from '../../generated/prisma/client.js';

/** Reads through Prisma: no hot path, and the relation comes for free. */
export class PrismaPaymentReader implements PaymentReader {
  constructor(private readonly prisma: PrismaClient) {}

  async find(id: string, customerId: string): Promise<PaymentView | undefined> {
    const row = await this.row(id, customerId);
    if (!row || row.amountMinor === null || row.currency === null) return undefined;
    return {
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
  }

  /** Under the rules of PgUnitOfWork: not after the deadline, one span, and a database that is gone is DatabaseUnavailable. */
  private async row(id: string, customerId: string) {
    currentDeadline()?.throwIfExpired();
    const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': 'findFirst' };
    const include = { refunds: { orderBy: { position: 'asc' } } } as const;
    try {
      return await inSpan('findFirst Payment', { kind: SpanKind.CLIENT, attributes }, () =>
        this.prisma.payment.findFirst({ where: { id, customerId }, include }),
      );
    } catch (error) {
      throw translatePgError(error);
    }
  }
}
