import { z } from 'zod';
import { opaque, text } from '../text.js';
import { integerText } from '../values.js';

/** `?limit=20&cursor=…` */
export const pageQuery = z.strictObject({
  limit: integerText(1, 100)
    .default(20)
    .meta({ description: 'How many items at most', override: { default: 20 } }),
  cursor: opaque(0, 512).optional().meta({ description: '`nextCursor` of the page before; absent for the first' }),
});
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: text.nullable().meta({ description: 'For the next page; null on the last' }),
  });
export type PageQuery = z.infer<typeof pageQuery>;
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
