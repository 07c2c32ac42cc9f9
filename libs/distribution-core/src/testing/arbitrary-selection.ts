import fc from 'fast-check';
import type { AttributeValue, EventRecord } from '../event.js';
import type { Filter } from '../matching/filter.js';
import type { Selection } from '../subscription/subscription.js';
import { anEvent } from './builders.js';

/** Small alphabets, so that what is made at random meets often. */
const word = fc.constantFrom('a', 'b', 'ab');
const attribute = fc.constantFrom('severity', 'price', 'up', 'routing_key', 'topic', 'event_id', 'data.n', 'data.in.x');
export const arbitraryTopic = fc.constantFrom('a', 'a/b', 'a/ab', 'b', 'b/a/b', '@t/a', '@t/a/b', '@u/a');
/** A tenant's mark may only stand first. */
const firstLevel = fc.oneof(word, fc.constantFrom('+', '@t', '@u'));
const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', 'a.b', 'a/b'),
  fc.integer({ min: -3, max: 6 }),
  fc.boolean(),
);

const bound = fc.option(fc.integer({ min: -3, max: 6 }), { nil: undefined });

/** Without the bounds that are not there, as JSON would have it. */
const range = fc.record({ attribute, gt: bound, gte: bound, lt: bound, lte: bound }).map((range) => {
  const given = Object.entries({ op: 'range', ...range }).filter(([, value]) => value !== undefined);
  const filter = Object.fromEntries(given) as unknown as Filter;
  return given.length > 2 ? filter : { ...filter, gte: 0 };
});

export const arbitraryFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; clause: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('clause'),
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      filters: fc.array(tie('filter'), { maxLength: 4 }),
    }),
    fc.record({ op: fc.constant('not' as const), filter: tie('filter') }),
  ),
  clause: fc.oneof(
    fc.record({ op: fc.constant('eq' as const), attribute, value: attributeValue }),
    fc.record({ op: fc.constant('in' as const), attribute, values: fc.array(attributeValue, { maxLength: 4 }) }),
    range,
    fc.record({ op: fc.constant('prefix' as const), attribute, value: fc.constantFrom('', 'a', 'ab', 'a.') }),
    fc.record({ op: fc.constant('exists' as const), attribute }),
  ),
})).filter;

const topicPattern = fc
  .tuple(
    fc.oneof(fc.constant<string[]>([]), fc.tuple(firstLevel)),
    fc.array(fc.oneof(word, fc.constant('+')), { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([first, later, hasRest]) => ({ levels: first.length === 0 ? [] : [...first, ...later], hasRest }))
  .map(({ levels, hasRest }) => [...levels, ...(hasRest || levels.length === 0 ? ['#'] : [])].join('/'));
const keyPattern = fc
  .array(fc.oneof(word, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 3 })
  .map((words) => words.join('.'));

export const arbitrarySelection: fc.Arbitrary<Selection> = fc.record({
  topicPatterns: fc.array(topicPattern, { minLength: 1, maxLength: 3 }),
  keyPatterns: fc.oneof(fc.constant<string[]>([]), fc.array(keyPattern, { maxLength: 3 })),
  filter: fc.option(arbitraryFilter, { nil: undefined }),
});

export const arbitraryEvent: fc.Arbitrary<EventRecord> = fc
  .record({
    eventId: fc.constantFrom('a', 'b', 'ab'),
    routingKey: fc.array(word, { maxLength: 3 }).map((words) => words.join('.')),
    attributes: fc.dictionary(fc.constantFrom('severity', 'price', 'up'), attributeValue),
    value: fc.oneof(
      fc.record({
        data: fc.record({
          n: fc.oneof(attributeValue, fc.constant(null)),
          in: fc.oneof(fc.record({ x: attributeValue }), fc.constant(1)),
        }),
      }),
      fc.constantFrom<unknown[]>([1], { data: 'a' } as never, []),
    ),
  })
  .map(anEvent);
