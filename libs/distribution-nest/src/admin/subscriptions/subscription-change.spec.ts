import type { DurableSubscription, Filter } from '@distributary/distribution-core';
import { parseFilter } from '@distributary/distribution-core';
import { aDurableSubscription } from '@distributary/distribution-core/testing';
import type { StreamVocabulary } from '../../doors/stream-vocabulary.js';
import { revisionOf } from './subscription-change.js';

/** Services and data types as one clause each, as the monitoring service has them. */
const vocabulary: StreamVocabulary = {
  selectionOf({ patterns = [], keys = [], services, filter }) {
    const clauses: Filter[] = [];
    if (services !== undefined) clauses.push({ op: 'in', attribute: 'service', values: services });
    if (filter !== undefined) clauses.push(parseFilter(filter, 'filter'));
    const all = clauses.length < 2 ? clauses[0] : ({ op: 'and', filters: clauses } as const);
    return { topicPatterns: patterns, keyPatterns: keys, filter: all };
  },
  defaultSlowPolicy: () => 'block',
};

const CRITICAL: Filter = { op: 'eq', attribute: 'severity', value: 'CRITICAL' };
const present = (options: Partial<DurableSubscription> = {}) =>
  aDurableSubscription({ topicPatterns: ['a/#'], keyPatterns: ['k.*'], filter: CRITICAL, ...options });
const changed = (change: Parameters<typeof revisionOf>[1], options: Partial<DurableSubscription> = {}) =>
  revisionOf(present(options), change, vocabulary);

describe('a change of a subscription', () => {
  it('leaves what it does not name', () => {
    expect(changed({})).toEqual({});
    expect(changed({ patterns: ['b'] })).toEqual({ topicPatterns: ['b'], keyPatterns: ['k.*'], filter: CRITICAL });
    expect(changed({ keys: ['x'] }, { filter: undefined })).toEqual({
      topicPatterns: ['a/#'],
      keyPatterns: ['x'],
      filter: undefined,
    });
  });

  it('takes keys and filter away by null', () => {
    expect(changed({ keys: null })).toMatchObject({ keyPatterns: [], filter: CRITICAL });
    expect(changed({ filter: null })).toEqual({ topicPatterns: ['a/#'], keyPatterns: ['k.*'], filter: undefined });
  });

  it('takes services and filter for one filter', () => {
    expect(changed({ services: ['x'] }).filter).toEqual({ op: 'in', attribute: 'service', values: ['x'] });
    expect(changed({ services: ['x'], filter: 'severity == "LOW"' }).filter).toMatchObject({ op: 'and' });
  });

  it('is in the words of the tenant, and stored in the catalog’s', () => {
    const tenant = { tenant: 'acme', topicPatterns: ['@acme/a/#'] };
    expect(changed({ keys: null }, tenant).topicPatterns).toEqual(['@acme/a/#']);
    expect(changed({ patterns: ['b/#'] }, tenant).topicPatterns).toEqual(['@acme/b/#']);
  });

  it('changes options one by one', () => {
    const delivery = { maxAttempts: 3 };
    expect(changed({ ack_timeout_ms: 500, max_unacked: 7 }, { delivery }).delivery).toEqual({
      maxAttempts: 3,
      ackTimeoutMs: 500,
      maxUnacked: 7,
    });
    expect(changed({ max_attempts: 9 }).delivery).toEqual({ maxAttempts: 9 });
    const options = { subscriber_service: 'x', delivery_guarantee: 'at_most_once', slow_policy: 'conflate' } as const;
    expect(changed(options)).toEqual({
      subscriberService: 'x',
      deliveryGuarantee: 'at_most_once',
      slowPolicy: 'conflate',
    });
    expect(changed({ fields: ['a'] }).output).toEqual({ fields: ['a'] });
  });
});
