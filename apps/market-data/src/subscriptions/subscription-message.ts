import { type Filter, filterToJson, parseFilter } from '@distributary/distribution-core';
import { messageFields, selectionFieldsOf } from '@distributary/distribution-nest';
import { flatCriteria } from '../stream/stream-request.js';
import { newSubscriptionOf } from './subscription-request.js';

/** `SubscriptionRequest` of the .proto file, as proto-loader gives it: what was not sent is not there. */
export interface SubscriptionMessage {
  readonly action?: string | number;
  readonly topic?: string;
  readonly subscription?: string;
  readonly type?: string | number;
  readonly filters?: readonly FilterMessage[];
  readonly start_position?: string | number;
  readonly message_id?: string;
  readonly patterns?: readonly string[];
  readonly filter?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

interface FilterMessage {
  readonly field?: string;
  readonly operator?: string;
  readonly values?: readonly { readonly text?: string; readonly number?: number; readonly flag?: boolean }[];
}

/** What the administration takes to create it. `request.invalid` with every problem of what the specification's request has. */
export function creationOf(request: SubscriptionMessage): object {
  const {
    action: _action,
    limit: _limit,
    cursor: _cursor,
    topic = '',
    subscription,
    type,
    filters = [],
    start_position,
    message_id,
    patterns = [],
    ...others
  } = request;
  const {
    patterns: topics = [],
    filter: clauses,
    ...specified
  } = newSubscriptionOf({
    ...(topic !== '' && { topic }),
    subscription,
    type,
    filters: filters.map(filterField),
    start_position,
    message_id,
  });
  const { filter: told, ...fields } = messageFields(selectionFieldsOf(flatCriteria(others, 'criteria')));
  const filter = bothOf(told, clauses);
  const all = [...topics, ...patterns];
  return {
    ...fields,
    ...specified,
    ...(all.length > 0 && { patterns: all }),
    ...(filter !== undefined && { filter }),
  };
}

const filterField = ({ field, operator, values = [] }: FilterMessage): object => ({
  field,
  operator,
  values: values.map(({ text, number, flag }) => text ?? number ?? flag),
});

/** `told`: CEL text or a filter tree. */
function bothOf(told: unknown, clauses: Filter | undefined): unknown {
  if (told === undefined || clauses === undefined) return told ?? clauses;
  return filterToJson({ op: 'and', filters: [parseFilter(told, 'filter'), clauses] });
}
