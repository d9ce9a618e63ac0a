import type { OrderLine } from './order.js';

/** A product as the catalogue has it when the order is placed. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly currency: string;
  readonly available: number;
}

export interface OrderItem {
  readonly productId: string;
  /** 1 or more. */
  readonly quantity: number;
}

export interface PricedOrder {
  readonly outcome: 'priced';
  /** In the order of the items, with the names and prices of the catalogue. */
  readonly lines: readonly OrderLine[];
  readonly totalMinor: number;
  readonly currency: string;
}

/** Why an order cannot be placed. Positions count from 0 in `items`. */
export type OrderRefusal =
  | { readonly outcome: 'products_unknown'; readonly positions: readonly number[] }
  /** The currencies in alphabetical order. */
  | { readonly outcome: 'currency_mixed'; readonly currencies: readonly string[] }
  | { readonly outcome: 'total_too_large' }
  | {
      readonly outcome: 'out_of_stock';
      readonly shortages: readonly { readonly at: number; readonly available: number }[];
    };

/** The largest total of an order, minor units. The contracts allow no larger amount. */
export const maxTotalMinor = 1_000_000_000_000;

/**
 * Decides whether an order can be placed, and at which prices. Where several refusals apply, the first of the list
 * above wins.
 *
 * The service runs the same rules in SQL (`adapters/persistence/place-order.sql`), where the stock is locked; a
 * property-based suite (`test/price-order.int.spec.ts`) compares the two. Change both.
 *
 * @param catalogue The products by id; it may hold more than the order needs.
 * @param items     At least one. `PlaceOrder` refuses a product that appears twice.
 * @throws Error when a product that could be ordered appears twice.
 */
export function priceOrder(
  catalogue: ReadonlyMap<string, Product>,
  items: readonly OrderItem[],
): PricedOrder | OrderRefusal {
  const found = items.map(({ productId, quantity }, at) => ({ product: catalogue.get(productId), quantity, at }));
  const known = found.flatMap(({ product, ...item }) => (product ? [{ product, ...item }] : []));

  if (known.length < found.length) {
    return { outcome: 'products_unknown', positions: found.filter(({ product }) => !product).map(({ at }) => at) };
  }
  const currencies = [...new Set(known.map(({ product }) => product.currency))].sort();
  if (currencies.length > 1) return { outcome: 'currency_mixed', currencies };

  // Beyond 2^53 the sum is rounded, but stays far above the limit.
  const totalMinor = known.reduce((sum, { product, quantity }) => sum + product.priceMinor * quantity, 0);
  if (totalMinor > maxTotalMinor) return { outcome: 'total_too_large' };

  const short = known.filter(({ product, quantity }) => product.available < quantity);
  if (short.length > 0) {
    return {
      outcome: 'out_of_stock',
      shortages: short.map(({ at, product }) => ({ at, available: product.available })),
    };
  }
  if (new Set(items.map(({ productId }) => productId)).size < items.length) {
    throw new Error('a product appears twice; PlaceOrder refuses such an order');
  }
  return { outcome: 'priced', lines: known.map(lineOf), totalMinor, currency: currencies[0]! };
}

const lineOf = ({ product, quantity }: { product: Product; quantity: number }): OrderLine => ({
  productId: product.id,
  name: product.name,
  quantity,
  unitPriceMinor: product.priceMinor,
});
