import type { OrderStatus, PostalAddress } from '@causeway/contracts';
import type { FieldCipher } from '@causeway/persistence';
import type { OrderDetails } from '../../application/ports.js';

/** What `orders` has of persons. Null once the customer was erased. */
export interface SealedColumns {
  readonly addressSealed: string | null;
  readonly givenReasonSealed: string | null;
}

/** A row of `orders` with its lines, as Prisma (bigint) and `pg` (text for int8) return it. */
export interface OrderRow extends SealedColumns {
  readonly id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalMinor: bigint | string;
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
export type StoredOrder = Omit<OrderDetails, 'shippingAddress' | 'givenReason'>;

export const withoutPersonalData = ({ shippingAddress: _, givenReason: __, ...stored }: OrderDetails): StoredOrder =>
  stored;

const columns = { address: 'orders.address_sealed', givenReason: 'orders.given_reason_sealed' } as const;

/** Seals and opens the personal data of orders, and turns rows into what the customer sees. */
export class OrderSealing {
  constructor(private readonly cipher: FieldCipher) {}

  sealAddress(orderId: string, address: PostalAddress): string {
    return this.cipher.encrypt(JSON.stringify(address), columns.address, orderId);
  }

  sealGivenReason(orderId: string, givenReason: string): string {
    return this.cipher.encrypt(givenReason, columns.givenReason, orderId);
  }

  details(row: OrderRow): OrderDetails {
    return this.withPersonalData(
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
      row,
    );
  }

  /** Adds the personal data to an order that was stored without it. */
  withPersonalData(stored: StoredOrder, { addressSealed, givenReasonSealed }: SealedColumns): OrderDetails {
    const open = (sealed: string, column: keyof typeof columns): string =>
      this.cipher.decrypt(sealed, columns[column], stored.id);
    return {
      ...stored,
      shippingAddress:
        addressSealed === null ? erasedAddress : (JSON.parse(open(addressSealed, 'address')) as PostalAddress),
      givenReason: givenReasonSealed && open(givenReasonSealed, 'givenReason'),
    };
  }
}
