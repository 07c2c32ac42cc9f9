import { z } from 'zod';
import { selectionSchema } from '../stream-schemas.js';

export const MAX_SELECTED_SYMBOLS = 1_000;
const MAX_SELECTED_WORDS = 64;

const words = z.array(z.string().min(1).max(64)).min(1).max(MAX_SELECTED_WORDS);
const bound = z.union([z.number(), z.string().max(64)]);

/** What a selection of market data may say besides what any selection may; the vocabulary says what is wrong with it. */
export const marketSelectionFields = {
  symbols: z.array(z.string().min(1).max(64)).min(1).max(MAX_SELECTED_SYMBOLS).optional(),
  exchanges: words.optional(),
  currencies: words.optional(),
  asset_classes: words.optional(),
  /** Numbers, or decimal texts. Of a quote, the middle of bid and ask counts; of a bar, its close. */
  min_price: bound.optional(),
  max_price: bound.optional(),
  /** Of a quote, the smaller of its sizes counts. */
  min_volume: z.number().optional(),
  max_volume: z.number().optional(),
};

export const marketSelectionSchema = selectionSchema.extend(marketSelectionFields);

export type MarketSelectionInput = z.infer<typeof marketSelectionSchema>;
