import type { MessageFilter } from '@distributary/contracts';
import { filterToJson, parseFilter } from '@distributary/distribution-core';
import { messageFields, selectionFieldsOf } from '@distributary/distribution-nest';
import { flatCriteria } from '../stream/stream-request.js';
import { filterOf } from './subscription-request.js';

/** `SubscriptionRequest` of the .proto file, as proto-loader gives it: what was not sent is not there. */
export interface SubscriptionMessage {
  readonly action?: string | number;
  readonly topic?: string;
  readonly subscription?: string;
  readonly type?: string;
  readonly filters?: readonly FilterMessage[];
  readonly start_position?: string;
  readonly message_id?: string;
  readonly patterns?: readonly string[];
  readonly filter?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

interface FilterMessage {
  readonly field: string;
  readonly operator: string;
  readonly values?: readonly { readonly text?: string; readonly number?: number; readonly flag?: boolean }[];
}

/** What the administration takes to create it. `request.invalid` with every problem of the filters. */
export function creationOf(request: SubscriptionMessage): object {
  const {
    action: _action,
    limit: _limit,
    cursor: _cursor,
    topic,
    subscription,
    type = 'EXCLUSIVE',
    filters = [],
    start_position: start,
    message_id: messageId,
    patterns = [],
    ...others
  } = request;
  const { filter, ...fields } = messageFields(selectionFieldsOf(flatCriteria(others, 'criteria')));
  const clauses = filterOf(filters.map(filterField));
  const both = clauses !== undefined && filter !== undefined;
  const told = both ? { op: 'and', filters: [parseFilter(filter, 'filter'), clauses] } : (clauses ?? filter);
  const topics = [...(topic === undefined || topic === '' ? [] : [topic]), ...patterns];
  return {
    ...fields,
    subscription_id: subscription,
    ...(topics.length > 0 && { patterns: topics }),
    type: type.toLowerCase(),
    ...(told !== undefined && { filter: both ? filterToJson(told as Parameters<typeof filterToJson>[0]) : told }),
    start: messageId === undefined ? (start ?? 'LATEST').toLowerCase() : { cursor: messageId },
  };
}

const filterField = ({ field, operator, values = [] }: FilterMessage): MessageFilter =>
  ({
    field,
    operator,
    values: values.flatMap(({ text, number, flag }) => text ?? number ?? flag ?? []),
  }) as MessageFilter;
