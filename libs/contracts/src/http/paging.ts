import { z } from 'zod';

/** `?limit=20&cursor=…` */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(512).optional(),
});
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
export type PageQuery = z.infer<typeof pageQuery>;
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
