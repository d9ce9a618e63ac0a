import { z } from 'zod';
import { opaque, text } from '../text.js';
import { integerText } from '../values.js';

/** `?limit=20&cursor=…` */
export const pageQuery = z.strictObject({
  limit: integerText(1, 100)
    .default(20)
    .meta({ description: 'Maximum number of items per page', override: { default: 20 } }),
  cursor: opaque(0, 512)
    .optional()
    .meta({ description: '`nextCursor` of the previous page; leave it out to get the first page' }),
});
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: text.nullable().meta({ description: 'Cursor for the next page; null on the last page' }),
  });
export type PageQuery = z.infer<typeof pageQuery>;
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
