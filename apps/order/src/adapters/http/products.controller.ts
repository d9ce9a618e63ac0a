import { Public, RequireScope } from '@causeway/auth';
import {
  id,
  pageQuery,
  scopes,
  setStockBody,
  type Page,
  type PageQuery,
  type ProductView,
  type SetStockBody,
} from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { etag, parseIfMatch, VersionStale } from '@causeway/persistence';
import { ZodBody, ZodParams, ZodQuery } from '@causeway/service-host';
import { Controller, Get, Headers, Inject, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Catalogue } from '../../application/ports.js';
import { CATALOGUE } from '../../tokens.js';

const productParams = z.object({ productId: id });

@Controller('v1/products')
export class ProductsController {
  constructor(@Inject(CATALOGUE) private readonly catalogue: Catalogue) {}

  @Get()
  @Public()
  list(@ZodQuery(pageQuery) query: PageQuery): Promise<Page<ProductView>> {
    return this.catalogue.list(query);
  }

  @Get(':productId')
  @Public()
  async read(
    @ZodParams(productParams) params: { productId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductView> {
    return tagged(reply, await this.catalogue.find(params.productId), params.productId);
  }

  /**
   * Sets the available stock, which excludes what orders hold. 412 if an order has taken some since the product was
   * read.
   */
  @Put(':productId/stock')
  @RequireScope(scopes.catalogWrite)
  async setStock(
    @ZodParams(productParams) params: { productId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @ZodBody(setStockBody) body: SetStockBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductView> {
    const changed = await this.catalogue.setStock(params.productId, parseIfMatch(ifMatch), body.available);
    if (!changed && (await this.catalogue.find(params.productId)))
      throw new VersionStale(`product ${params.productId}`);
    return tagged(reply, changed, params.productId);
  }
}

function tagged(reply: FastifyReply, product: ProductView | undefined, productId: string): ProductView {
  if (!product) throw new NotFound(`product ${productId}`);
  reply.header('etag', etag(product.version));
  return product;
}
