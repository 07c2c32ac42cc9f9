import type { SelectionInput, StartInput, SubscribeInput } from '@distributary/contracts';
import { ackSchema, historySchema, type OutputInput, subscribeSchema } from '@distributary/contracts';
import {
  type AckCommand,
  type DeliveryOptions,
  DEFAULT_HISTORY_LIMIT,
  decodeCursor,
  type HistoryRequest,
  invalidRequest,
  type Selection,
  type Start,
  type SubscribeCommand,
  type SubscriptionOutput,
} from '@distributary/distribution-core';
import type { z } from 'zod';
import { hasMoreParts } from '../http/json-parts.js';
import { MAX_PROBLEMS, pathText } from '../http/validation.js';
import { ownFieldsOf, schemaFor } from './selection-fields.js';
import type { StreamVocabulary } from './stream-vocabulary.js';

/** Of what has more parts only the first thing that is wrong is told: all of them may be millions. */
const MAX_PARTS_FOR_ALL = 1_000;

/** What zod's own `validate` stops with; its `safeParse` finds everything otherwise. */
const AT_THE_FIRST: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };

/** `request.invalid` with the problems and their paths: the first hundred, or the first one of what is large. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.infer<Schema> {
  const given = payload ?? {};
  const first = schema.safeParse(given, AT_THE_FIRST);
  if (first.success) return first.data;
  const all = hasMoreParts(given, MAX_PARTS_FOR_ALL) ? first : schema.safeParse(given);
  const { issues } = all.error ?? first.error;
  throw invalidRequest(
    issues.slice(0, MAX_PROBLEMS).map((issue) => ({ path: pathText(issue.path), rule: issue.message })),
  );
}

export function parseSubscribe(payload: unknown, vocabulary: StreamVocabulary): SubscribeCommand {
  const input: SubscribeInput = parseWith(schemaFor(subscribeSchema, vocabulary), payload);
  const guarantee = input.delivery_guarantee ?? 'at_least_once';
  const isDurable = input.name !== undefined;
  return {
    id: input.id,
    selection: selectionFor(input.subscriber_service, vocabulary.selectionOf(input)),
    start: input.start === undefined ? undefined : parseStart(input.start),
    slowPolicy: input.slow_policy ?? slowPolicyOf(input, isDurable && guarantee !== 'at_most_once', vocabulary),
    maxRate: input.max_rate,
    credit: input.credit,
    ...parseOutput(input),
    ...(input.name === undefined
      ? {}
      : {
          durable: {
            name: input.name,
            type: input.type ?? 'exclusive',
            deliveryGuarantee: guarantee,
            subscriberService: input.subscriber_service ?? input.name,
            ...leftToStored(input, vocabulary),
            ...deliveryOf(input),
          },
        }),
  };
}

/** With the events that are for certain services, if the subscriber is one of them. */
export const selectionFor = (subscriber: string | undefined, selection: Selection): Selection =>
  subscriber === undefined ? selection : { ...selection, subscriber };

function slowPolicyOf(input: SelectionInput, isLossless: boolean, vocabulary: StreamVocabulary) {
  return isLossless ? 'block' : vocabulary.defaultSlowPolicy(input);
}

/** Whoever names a subscription and no selection means the one that it has. */
function leftToStored(input: SubscribeInput, vocabulary: StreamVocabulary) {
  const { patterns, keys, data_types, services, filter } = input;
  const isSelecting =
    [patterns, keys, data_types, services, filter].some((part) => part !== undefined) ||
    Object.keys(ownFieldsOf(input, vocabulary)).length > 0;
  if (isSelecting) return {};
  return {
    asStored: input.slow_policy === undefined ? (['selection', 'slowPolicy'] as const) : (['selection'] as const),
  };
}

function deliveryOf(input: SubscribeInput) {
  const { ack_timeout_ms: ackTimeoutMs, max_attempts: maxAttempts, max_unacked: maxUnacked } = input;
  const delivery: DeliveryOptions = {
    ...(ackTimeoutMs !== undefined && { ackTimeoutMs }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(maxUnacked !== undefined && { maxUnacked }),
  };
  return Object.keys(delivery).length === 0 ? {} : { delivery };
}

/** The definition itself is checked when it is compiled. */
export function parseOutput({ transformation, fields, format }: OutputInput): { readonly output?: SubscriptionOutput } {
  if (transformation === undefined && fields === undefined && format === undefined) return {};
  const output = {
    ...(transformation !== undefined && { transformation: transformation as SubscriptionOutput['transformation'] }),
    ...(fields !== undefined && { fields }),
    ...(format !== undefined && { format }),
  };
  return { output };
}

export function parseStart(start: StartInput): Start {
  if (typeof start === 'string') return { at: start };
  if ('cursor' in start) return { at: 'cursor', cursor: decodeCursor(start.cursor, 'start.cursor') };
  return { at: 'time', micros: Date.parse(start.time) * 1000 };
}

export function parseAck(payload: unknown): AckCommand {
  const input = parseWith(ackSchema, payload);
  const { id, generation, positions, cursor, event_ids: eventIds, at, delay_ms: delayMs } = input;
  if (eventIds !== undefined || at !== undefined) return { id, generation, single: { eventIds, at }, delayMs };
  return { id, generation, positions: positions ?? decodeCursor(cursor as string).positions, delayMs };
}

export function parseHistory(
  payload: unknown,
  vocabulary: StreamVocabulary,
): Omit<HistoryRequest, 'output'> & Pick<SubscribeCommand, 'id' | 'output'> {
  const {
    id,
    from,
    cursor,
    limit,
    subscriber_service: subscriber,
    ...selection
  } = parseWith(schemaFor(historySchema, vocabulary), payload);
  return {
    id,
    selection: selectionFor(subscriber, vocabulary.selectionOf(selection)),
    limit: limit ?? DEFAULT_HISTORY_LIMIT,
    ...parseOutput(selection),
    ...(from === undefined ? {} : { fromMicros: Date.parse(from) * 1000 }),
    ...(cursor === undefined ? {} : { cursor: decodeCursor(cursor) }),
  };
}
