import type { OrderStatus, PostalAddress } from '@causeway/contracts';
import type { FieldCipher } from '@causeway/persistence';
import type { OrderDetails } from '../../application/ports.js';

/** A row of `orders` with its lines, as Prisma (bigint) and `pg` (text for int8) return it. */
export interface OrderRow {
  readonly id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalMinor: bigint | string;
  readonly addressSealed: string | null;
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

/** Shown where the customer was erased; ZZ is the unknown country of CLDR and UN/LOCODE. */
export const erasedAddress: PostalAddress = {
  recipient: '(erased)',
  line1: '(erased)',
  postalCode: '(erased)',
  city: '(erased)',
  country: 'ZZ',
};

/** What a stored response keeps of an order: everything but the personal data. */
export type StoredOrder = Omit<OrderDetails, 'shippingAddress'>;

export const withoutAddress = ({ shippingAddress: _, ...stored }: OrderDetails): StoredOrder => stored;

/** Seals and opens the personal data of orders, and turns rows into what the customer sees. */
export class OrderSealing {
  constructor(private readonly cipher: FieldCipher) {}

  sealAddress(orderId: string, address: PostalAddress): string {
    return this.cipher.encrypt(JSON.stringify(address), 'orders.address_sealed', orderId);
  }

  details(row: OrderRow): OrderDetails {
    return this.withAddress(
      {
        id: row.id,
        status: row.status,
        currency: row.currency,
        // Exact: no amount exceeds 10^12.
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

  /** Adds the address to an order that was stored without it. */
  withAddress(stored: StoredOrder, addressSealed: string | null): OrderDetails {
    if (addressSealed === null) return { ...stored, shippingAddress: erasedAddress };
    const text = this.cipher.decrypt(addressSealed, 'orders.address_sealed', stored.id);
    return { ...stored, shippingAddress: JSON.parse(text) as PostalAddress };
  }
}
