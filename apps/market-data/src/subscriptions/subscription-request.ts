import {
  type MarketSubscriptionRequest,
  marketSubscriptionRequestSchema,
  type MessageFilter,
} from '@distributary/contracts';
import { type Filter, invalidRequest, type Problem } from '@distributary/distribution-core';
import { parseWith } from '@distributary/distribution-nest';

/** What the administration of subscriptions takes to create one. */
export interface NewSubscriptionFields {
  readonly subscription_id: string;
  readonly patterns?: readonly [string];
  readonly type: 'exclusive' | 'shared' | 'failover' | 'key_shared';
  readonly filter?: Filter;
  readonly start: 'latest' | 'earliest' | { readonly cursor: string };
}

/** The specification's `SubscriptionRequest`, as the administration has it. `request.invalid` with every problem. */
export function newSubscriptionOf(request: unknown): NewSubscriptionFields {
  const parsed = parseWith(marketSubscriptionRequestSchema, request);
  const { topic, subscription, type = 'EXCLUSIVE', filters = [] } = parsed;
  const filter = filterOf(filters);
  return {
    subscription_id: subscription,
    ...(topic === undefined ? {} : { patterns: [topic] as const }),
    type: type.toLowerCase() as NewSubscriptionFields['type'],
    ...(filter === undefined ? {} : { filter }),
    start: startOf(parsed),
  };
}

/** All of them must hold. Undefined: there are none. `request.invalid` with every problem, as `filters[i].…`. */
function filterOf(filters: readonly MessageFilter[]): Filter | undefined {
  const problems: Problem[] = [];
  const clauses = filters.flatMap((filter, index) => clauseOf(filter, `filters[${index}]`, problems) ?? []);
  if (problems.length > 0) throw invalidRequest(problems);
  return clauses.length < 2 ? clauses[0] : { op: 'and', filters: clauses };
}

function clauseOf({ field, operator, values = [] }: MessageFilter, path: string, problems: Problem[]) {
  const broken = (rule: string): undefined => {
    problems.push({ path: `${path}.values`, rule });
  };
  if (operator === 'exists') {
    return values.length > 0 ? broken('must not be given for "exists"') : ({ op: 'exists', attribute: field } as const);
  }
  if (operator === 'in') {
    return values.length === 0 ? broken('must hold a value') : ({ op: 'in', attribute: field, values } as const);
  }
  const [value] = values;
  if (values.length !== 1) return broken(`must hold one value for "${operator}"`);
  if (operator === 'eq') return { op: 'eq', attribute: field, value } as const;
  if (operator === 'prefix') {
    return typeof value === 'string'
      ? ({ op: 'prefix', attribute: field, value } as const)
      : broken('must hold a text for "prefix"');
  }
  if (typeof value !== 'number') return broken(`must hold a number for "${operator}"`);
  return { op: 'range', attribute: field, [operator]: value } as Filter;
}

function startOf({ start_position: start = 'LATEST', message_id: id }: MarketSubscriptionRequest) {
  if (id !== undefined) return { cursor: id };
  return start === 'EARLIEST' ? 'earliest' : 'latest';
}
