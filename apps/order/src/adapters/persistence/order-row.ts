import type { PostalAddress } from '@causeway/contracts';
import type { FieldCipher } from '@causeway/persistence';
import type { OrderDetails } from '../../application/ports.js';
import type { OrderStatus } from '../../domain/order.js';

/** A row of `orders` with its lines, as Prisma gives it (bigint) and as `pg` does (text for int8). */
export interface OrderRow {
  readonly id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalMinor: bigint | string;
  readonly addressSealed: string;
  readonly paymentId: string;
  readonly reason: string | null;
  readonly version: number;
  readonly placedAt: Date;
  readonly updatedAt: Date;
  readonly lines: readonly {
    readonly productId: string;
    readonly name: string;
    readonly quantity: number;
    readonly unitPriceMinor: bigint | number;
  }[];
}

/** What is remembered of an answer: all of it but the personal data. */
export type StoredOrder = Omit<OrderDetails, 'shippingAddress'>;

export const withoutAddress = ({ shippingAddress: _, ...stored }: OrderDetails): StoredOrder => stored;

/** Orders as the customer sees them: amounts as numbers (the database's checks keep them exact), the address in the clear. */
export class OrderSealing {
  constructor(private readonly cipher: FieldCipher) {}

  sealAddress(orderId: string, address: PostalAddress): string {
    return this.cipher.encrypt(JSON.stringify(address), 'orders.address_sealed', orderId);
  }

  sealCardToken(orderId: string, token: string): string {
    return this.cipher.encrypt(token, 'orders.card_token_sealed', orderId);
  }

  openCardToken(orderId: string, sealed: string): string {
    return this.cipher.decrypt(sealed, 'orders.card_token_sealed', orderId);
  }

  details(row: OrderRow): OrderDetails {
    return this.withAddress(
      {
        id: row.id,
        status: row.status,
        currency: row.currency,
        totalMinor: Number(row.totalMinor),
        lines: row.lines.map(({ productId, name, quantity, unitPriceMinor }) => ({
          productId,
          name,
          quantity,
          unitPriceMinor: Number(unitPriceMinor),
        })),
        paymentId: row.paymentId,
        reason: row.reason,
        version: row.version,
        placedAt: row.placedAt.toISOString(),
        updatedAt: row.updatedAt.toISOString(),
      },
      row.addressSealed,
    );
  }

  /** Completes what was stored without personal data. */
  withAddress(stored: StoredOrder, addressSealed: string): OrderDetails {
    const text = this.cipher.decrypt(addressSealed, 'orders.address_sealed', stored.id);
    return { ...stored, shippingAddress: JSON.parse(text) as PostalAddress };
  }
}
