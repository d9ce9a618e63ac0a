import type { OrderHistoryEntry, Page } from '@causeway/contracts';
import { keysetPage, type CursorCodec } from '@causeway/persistence';
import type { OrderBook, OrderDetails, Owned } from '../../application/ports.js';
import type { OrderEvent, PrismaClient } from '../../generated/prisma/client.js';
import type { OrderSealing } from './order-row.js';

const withLines = { lines: { orderBy: { position: 'asc' } } } as const;

/** Orders, read through Prisma. */
export class PrismaOrderBook implements OrderBook {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly sealing: OrderSealing,
    private readonly cursors: CursorCodec,
  ) {}

  async find(orderId: string): Promise<Owned<OrderDetails> | undefined> {
    const order = await this.prisma.order.findUnique({ where: { id: orderId }, include: withLines });
    return order ? { ...this.sealing.details(order), customerId: order.customerId } : undefined;
  }

  async history(orderId: string): ReturnType<OrderBook['history']> {
    const order = await this.prisma.order.findUnique({
      where: { id: orderId },
      select: { customerId: true, history: { orderBy: { version: 'asc' } } },
    });
    return order ? { customerId: order.customerId, items: order.history.map(entryOf) } : undefined;
  }

  async list(
    customerId: string,
    { limit, cursor, status }: Parameters<OrderBook['list']>[1],
  ): Promise<Page<OrderDetails>> {
    const before = cursor === undefined ? undefined : this.cursors.decode(cursor, 1)[0];
    // Ids are UUIDv7, so they sort by the time of placing.
    const orders = await this.prisma.order.findMany({
      where: { customerId, ...(status && { status }), ...(before !== undefined && { id: { lt: before } }) },
      include: withLines,
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    const { items, nextCursor } = keysetPage(orders, limit, this.cursors, ({ id }) => [id]);
    return { items: items.map((order) => this.sealing.details(order)), nextCursor };
  }
}

const entryOf = (row: OrderEvent): OrderHistoryEntry => ({
  version: row.version,
  from: row.fromStatus,
  status: row.status,
  step: row.step,
  reason: row.reason,
  event: row.event,
  occurredAt: row.occurredAt.toISOString(),
  cause: { kind: row.cause, name: row.causeName, id: row.causeId },
  traceId: row.traceId,
});
