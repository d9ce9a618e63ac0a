import type { Page, PageQuery, ProductView } from '@causeway/contracts';
import { keysetPage, versionIn, type CursorCodec, type ExpectedVersions } from '@causeway/persistence';
import type { Catalogue } from '../../application/ports.js';
import type { PrismaClient, Product } from '../../generated/prisma/client.js';

/** Products, read and changed through Prisma. */
export class PrismaCatalogue implements Catalogue {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly cursors: CursorCodec,
  ) {}

  async list({ limit, cursor }: PageQuery): Promise<Page<ProductView>> {
    const after = cursor === undefined ? undefined : this.cursors.decode(cursor, 1)[0];
    const products = await this.prisma.product.findMany({
      where: after === undefined ? {} : { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit + 1,
    });
    const { items, nextCursor } = keysetPage(products, limit, this.cursors, ({ id }) => [id]);
    return { items: items.map(viewOf), nextCursor };
  }

  async find(productId: string): Promise<ProductView | undefined> {
    const product = await this.prisma.product.findUnique({ where: { id: productId } });
    return product ? viewOf(product) : undefined;
  }

  async setStock(productId: string, expected: ExpectedVersions, available: number): Promise<ProductView | undefined> {
    const [changed] = await this.prisma.product.updateManyAndReturn({
      where: { id: productId, ...versionIn(expected) },
      data: { available, version: { increment: 1 } },
    });
    return changed && viewOf(changed);
  }
}

const viewOf = ({ priceMinor, ...product }: Product): ProductView => ({ ...product, priceMinor: Number(priceMinor) });
