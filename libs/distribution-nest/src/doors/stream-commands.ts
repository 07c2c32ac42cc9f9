import type { SelectionInput, StartInput, SubscribeInput } from '@distributary/contracts';
import { ackSchema, historySchema, subscribeSchema } from '@distributary/contracts';
import {
  type AckCommand,
  DEFAULT_HISTORY_LIMIT,
  decodeCursor,
  type HistoryRequest,
  invalidRequest,
  type Problem,
  type Start,
  type SubscribeCommand,
} from '@distributary/distribution-core';
import type { z } from 'zod';
import { pathText } from '../http/validation.js';
import type { StreamVocabulary } from './stream-vocabulary.js';

/** `request.invalid` with every problem and its path. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.infer<Schema> {
  const result = schema.safeParse(payload ?? {});
  if (result.success) return result.data;
  const problems: Problem[] = result.error.issues.map((issue) => ({ path: pathText(issue.path), rule: issue.message }));
  throw invalidRequest(problems);
}

export function parseSubscribe(payload: unknown, vocabulary: StreamVocabulary): SubscribeCommand {
  const input: SubscribeInput = parseWith(subscribeSchema, payload);
  const guarantee = input.delivery_guarantee ?? 'at_least_once';
  const isDurable = input.name !== undefined;
  return {
    id: input.id,
    selection: vocabulary.selectionOf(input),
    start: input.start === undefined ? undefined : parseStart(input.start),
    slowPolicy: input.slow_policy ?? slowPolicyOf(input, isDurable && guarantee !== 'at_most_once', vocabulary),
    maxRate: input.max_rate,
    credit: input.credit,
    ...(input.name === undefined
      ? {}
      : {
          durable: {
            name: input.name,
            type: input.type ?? 'exclusive',
            deliveryGuarantee: guarantee,
            subscriberService: input.subscriber_service ?? input.name,
          },
        }),
  };
}

function slowPolicyOf(input: SelectionInput, isLossless: boolean, vocabulary: StreamVocabulary) {
  return isLossless ? 'block' : vocabulary.defaultSlowPolicy(input);
}

export function parseStart(start: StartInput): Start {
  if (typeof start === 'string') return { at: start };
  if ('cursor' in start) return { at: 'cursor', cursor: decodeCursor(start.cursor, 'start.cursor') };
  return { at: 'time', micros: Date.parse(start.time) * 1000 };
}

export function parseAck(payload: unknown): AckCommand {
  const input = parseWith(ackSchema, payload);
  const positions = input.positions ?? decodeCursor(input.cursor as string).positions;
  return { id: input.id, generation: input.generation, positions };
}

export function parseHistory(payload: unknown, vocabulary: StreamVocabulary): HistoryRequest & { readonly id: string } {
  const { id, from, cursor, limit, ...selection } = parseWith(historySchema, payload);
  return {
    id,
    selection: vocabulary.selectionOf(selection),
    limit: limit ?? DEFAULT_HISTORY_LIMIT,
    ...(from === undefined ? {} : { fromMicros: Date.parse(from) * 1000 }),
    ...(cursor === undefined ? {} : { cursor: decodeCursor(cursor) }),
  };
}
