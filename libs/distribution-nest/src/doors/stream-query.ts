import { numberOfText, startSchema, type SubscribeInput } from '@distributary/contracts';
import { invalidRequest } from '@distributary/distribution-core';
import { refuseUnknownParameters } from '../http/unknown-parameters.js';
import { fieldsOfQuery, querySchemaFor } from './selection-fields.js';
import { streamQuerySchema } from './stream-query-schema.js';
import type { StreamVocabulary } from './stream-vocabulary.js';
import { filterOfText, transformationOfText } from './json-text.js';

const LIST_PARAMETERS = ['patterns', 'keys', 'data_types', 'services', 'fields'] as const;
const TEXT_PARAMETERS = ['name', 'subscriber_service', 'slow_policy', 'delivery_guarantee', 'format'] as const;
const NUMBER_PARAMETERS = ['max_rate', 'credit'] as const;
const QUERY_SUBSCRIPTION_ID = 'query';

/**
 * Query parameters start a subscription at once, so that a plain WebSocket or HTTP tool shows data with nothing typed.
 * Lists are separated by commas. Undefined if no parameter asks for one. `request.invalid` with what is not known.
 */
export function subscriptionFromQuery(
  query: URLSearchParams,
  vocabulary: StreamVocabulary,
): SubscribeInput | undefined {
  refuseUnknownParameters(query.keys(), Object.keys(querySchemaFor(streamQuerySchema, vocabulary).shape));
  const textOf = (name: string) => (query.has(name) ? query.getAll(name).join(',') : undefined);
  const input: Record<string, unknown> = { id: QUERY_SUBSCRIPTION_ID, ...fieldsOfQuery(textOf, vocabulary) };
  for (const name of LIST_PARAMETERS) {
    const values = query
      .getAll(name)
      .flatMap((value) => value.split(','))
      .map((value) => value.trim());
    const given = values.filter((value) => value !== '');
    if (given.length > 0) input[name] = given;
  }
  for (const name of TEXT_PARAMETERS) if (query.has(name)) input[name] = query.get(name);
  for (const name of NUMBER_PARAMETERS) if (query.has(name)) input[name] = numberOfText(query.get(name) as string);
  if (query.has('filter')) input.filter = filterOfText(query.get('filter') as string);
  if (query.has('transformation')) input.transformation = transformationOfText(query.get('transformation') as string);
  if (query.has('start')) input.start = startFromText(query.get('start') as string);
  return Object.keys(input).length > 1 ? (input as SubscribeInput) : undefined;
}

/** `latest`, `earliest`, `snapshot`, a cursor (`v1.…`), or an ISO 8601 time. */
function startFromText(text: string): unknown {
  if (text.startsWith('v1.')) return { cursor: text };
  if (startSchema.safeParse(text).success) return text;
  const start = { time: text };
  if (startSchema.safeParse(start).success) return start;
  throw invalidRequest([{ path: 'start', rule: 'must be latest, earliest, snapshot, a cursor, or an ISO 8601 time' }]);
}
