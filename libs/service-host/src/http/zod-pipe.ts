import { parseOrThrow } from '@causeway/contracts';
import { Body, Param, Query, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';

/**
 * Validates an argument of a handler against a schema and passes on the parsed value.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#validation-zod-pipes-instead-of-validationpipe
 *
 * @throws ValidationFailed (422) with every violation and its path.
 */
export class ZodPipe<T extends z.ZodType> implements PipeTransform<unknown, z.output<T>> {
  constructor(private readonly schema: T) {}

  transform(value: unknown): z.output<T> {
    return parseOrThrow(this.schema, value) as z.output<T>;
  }
}

/** Reads a missing body as `{}`, so that the response names the missing fields. */
class ZodBodyPipe<T extends z.ZodType> extends ZodPipe<T> {
  override transform(value: unknown): z.output<T> {
    return super.transform(value ?? {});
  }
}

/** `place(@ZodBody(placeOrderBody) body: PlaceOrderBody)` */
export const ZodBody = (schema: z.ZodType): ParameterDecorator => Body(new ZodBodyPipe(schema));
/** `list(@ZodQuery(pageQuery) query: PageQuery)`. Values of a query are text: the schema coerces. */
export const ZodQuery = (schema: z.ZodType): ParameterDecorator => Query(new ZodPipe(schema));
/** `read(@ZodParams(z.object({ id })) params: { id: string })` */
export const ZodParams = (schema: z.ZodType): ParameterDecorator => Param(new ZodPipe(schema));
