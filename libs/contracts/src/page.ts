import { z } from 'zod';
import { wholeNumberQuery } from './query-number.js';

export const MAX_PAGE_SIZE = 500;
const DEFAULT_PAGE_SIZE = 100;

export const pageQuerySchema = z.object({
  limit: wholeNumberQuery(1, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE),
  /** The `cursor` of the page before. */
  cursor: z.string().max(512).optional(),
});

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly has_more: boolean;
  readonly cursor?: string;
}

/** A page of a list that is ordered by a unique name; the cursor is the last name, so changes in between do no harm. */
export function pageOf<Item>(
  all: readonly Item[],
  nameOf: (item: Item) => string,
  { limit, cursor }: { limit: number; cursor?: string },
): Page<Item> {
  const sorted = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const after = cursor === undefined ? sorted : sorted.filter((item) => nameOf(item) > cursor);
  const items = after.slice(0, limit);
  const hasMore = after.length > items.length;
  return { items, has_more: hasMore, ...(hasMore ? { cursor: nameOf(items[items.length - 1]) } : {}) };
}

/** The schema of a page, for contracts of routes. */
export function pageSchemaOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), has_more: z.boolean(), cursor: z.string().optional() });
}
