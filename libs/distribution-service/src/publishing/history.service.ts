import { wholeNumberQuery } from '@distributary/contracts';
import {
  type Cursor,
  DEFAULT_HISTORY_LIMIT,
  decodeCursor,
  type History,
  type Principal,
} from '@distributary/distribution-core';
import {
  fieldsOfQuery,
  filterOfText,
  historyPageJson,
  parseWith,
  selectionFor,
  type StreamVocabulary,
} from '@distributary/distribution-nest';
import { z } from 'zod';

/** Lists are separated by commas, as in the query of a stream. */
const list = z
  .string()
  .max(10_000)
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
  .pipe(z.array(z.string()).min(1).max(64))
  .optional();

export const historyQuerySchema = z.object({
  patterns: list.describe('Over topics: + one level, # the rest. Without it: every topic that has a data type'),
  keys: list.describe('Over routing keys: * one word, # the rest'),
  data_types: list,
  services: list,
  filter: z.string().max(10_000).optional().describe('CEL text, or the filter tree as JSON text'),
  subscriber_service: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Who asks: events with target_subscribers are shown to those alone'),
  from: z.iso.datetime({ offset: true }).optional().describe('Taken by the broker at this time or later'),
  cursor: z.string().max(10_000).optional().describe('Of the page before; `from` is not looked at then'),
  limit: wholeNumberQuery(1, 1000, DEFAULT_HISTORY_LIMIT),
});

/** What the topics still keep, over REST: the `history` of the stream protocol. */
export class HistoryService {
  constructor(
    private readonly history: History,
    private readonly vocabulary: StreamVocabulary,
  ) {}

  /** As JSON. `request.invalid` with every problem, `topic.not_found`, `auth.forbidden`, `position.lost`. */
  page(query: unknown, principal: Principal): Promise<Buffer> {
    const {
      from,
      cursor,
      limit,
      filter,
      subscriber_service: subscriber,
      ...selected
    } = parseWith(historyQuerySchema, query);
    const selection = selectionFor(
      subscriber,
      this.vocabulary.selectionOf({
        ...selected,
        ...this.ownFields(query),
        ...(filter !== undefined && { filter: filterOfText(filter) }),
      }),
    );
    const start: Cursor | undefined = cursor === undefined ? undefined : decodeCursor(cursor, 'cursor');
    return historyPageJson(this.history, principal, {
      selection,
      limit,
      ...(start !== undefined && { cursor: start }),
      ...(from !== undefined && { fromMicros: Date.parse(from) * 1000 }),
    });
  }

  private ownFields(query: unknown): object {
    const given = query as Readonly<Record<string, string | readonly string[] | undefined>>;
    const own = fieldsOfQuery((name) => given[name]?.toString(), this.vocabulary);
    return parseWith(z.object(this.vocabulary.fields), own);
  }
}
