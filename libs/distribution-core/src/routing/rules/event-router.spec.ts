import { brokerNameOf } from '../broker-name.js';
import { noMetrics } from '../../ports/metrics.port.js';
import { aRule } from '../../testing/a-rule.js';
import { anEvent } from '../../testing/builders.js';
import { EventRouter, type RoutableEvent } from './event-router.js';
import type { RoutingRule } from './routing-rule.js';
import { RuleTable } from './rule-table.js';

const TOPICS = ['in', 'a', 'b', 'c', 'd', 'e', 'f', '@acme/in', '@acme/a', 'region/eu', 'copies/in'];

function aRouter(rules: readonly RoutingRule[], more: Partial<ConstructorParameters<typeof EventRouter>[0]> = {}) {
  const router = new EventRouter({
    topics: {
      find: (name) =>
        TOPICS.includes(name) || name === 'off' || name === 'theirs'
          ? {
              brokerName: brokerNameOf(name),
              partitions: 1,
              enabled: name !== 'off',
              origin: name === 'theirs' ? 'external' : 'ingested',
            }
          : undefined,
    },
    restate: (record) => record.value,
    metrics: noMetrics,
    ...more,
  });
  router.use(RuleTable.compile(rules));
  return router;
}

const event = (topic: string, options: Parameters<typeof anEvent>[0] = {}): RoutableEvent => ({
  topic,
  record: anEvent(options),
});

const rule = (name: string, options: Partial<RoutingRule> = {}) =>
  aRule({ name, sourcePattern: 'in', targetTopic: 'a', ...options });

const placesOf = (router: EventRouter, ...events: RoutableEvent[]) =>
  router.route(events).map((routed) => routed && [routed.keepsOriginal, ...routed.copies.map(({ topic }) => topic)]);

describe('routing an event', () => {
  it.each<[string, RoutingRule[], RoutableEvent, unknown]>([
    ['no rule', [], event('in'), undefined],
    ['another topic', [rule('r')], event('b'), undefined],
    ['a copy', [rule('r')], event('in'), [true, 'a']],
    ['a move', [rule('r', { mode: 'move' })], event('in'), [false, 'a']],
    ['a disabled rule', [rule('r', { enabled: false })], event('in'), undefined],
    [
      'the order of rules',
      [rule('late', { priority: 2 }), rule('soon', { priority: 1, targetTopic: 'b' })],
      event('in'),
      [true, 'b', 'a'],
    ],
    ['equal priorities, by name', [rule('z'), rule('y', { targetTopic: 'b' })], event('in'), [true, 'b', 'a']],
    ['stop', [rule('one', { next: 'stop' }), rule('two', { targetTopic: 'b', priority: 2 })], event('in'), [true, 'a']],
    [
      'a stop that does not fire',
      [rule('one', { next: 'stop', targetTopic: 'nowhere' }), rule('two', { targetTopic: 'b', priority: 2 })],
      event('in'),
      [true, 'b'],
    ],
    ['a move that does not fire', [rule('one', { mode: 'move', targetTopic: 'off' })], event('in'), undefined],
    ['a topic of others', [rule('one', { targetTopic: 'theirs' })], event('in'), undefined],
    [
      'two rules to one topic',
      [rule('one'), rule('two', { priority: 2, routingKeyTemplate: 'other' })],
      event('in'),
      [true, 'a'],
    ],
    ['a chain', [rule('1'), rule('2', { sourcePattern: 'a', targetTopic: 'b' })], event('in'), [true, 'a', 'b']],
    [
      'a chain of moves',
      [rule('1', { mode: 'move' }), rule('2', { sourcePattern: 'a', targetTopic: 'b', mode: 'move' })],
      event('in'),
      [false, 'b'],
    ],
    ['a key pattern', [rule('1', { keyPattern: 'portfolio.#' })], event('in'), [true, 'a']],
    ['another key', [rule('1', { keyPattern: 'portfolio' })], event('in'), undefined],
    [
      'a condition over an attribute',
      [rule('1', { condition: { op: 'eq', attribute: 'severity', value: 'CRITICAL' } })],
      event('in', { attributes: { severity: 'CRITICAL' } }),
      [true, 'a'],
    ],
    [
      'a condition over the payload',
      [rule('1', { condition: { op: 'range', attribute: 'data.n', gt: 3 } })],
      event('in', { value: { data: { n: 4 } } }),
      [true, 'a'],
    ],
    [
      'a dynamic target',
      [rule('1', { targetTopic: 'region/${region|lower}' })],
      event('in', { attributes: { region: 'EU' } }),
      [true, 'region/eu'],
    ],
    ['a missing value', [rule('1', { targetTopic: 'region/${region}' })], event('in'), undefined],
    [
      'a value that would climb',
      [rule('1', { targetTopic: 'region/${region}' })],
      event('in', { attributes: { region: 'eu/../x' } }),
      undefined,
    ],
    [
      'the source topic in the target',
      [rule('1', { targetTopic: 'copies/${topic}' })],
      event('in'),
      [true, 'copies/in'],
    ],
    ['another tenant', [rule('1', { tenant: 'acme', sourcePattern: 'in/#' })], event('in'), undefined],
    ['within a tenant', [rule('1', { tenant: 'acme' })], event('@acme/in'), [true, '@acme/a']],
    [
      "wildcards of the default tenant stay out of others' topics",
      [rule('1', { sourcePattern: '+/in' })],
      event('@acme/in'),
      undefined,
    ],
  ])('%s', (_what, rules, published, expected) => {
    expect(placesOf(aRouter(rules), published)).toEqual([expected]);
  });

  it('keeps the id and the time, and writes down where the copy came from and how far it went', () => {
    const rules = [
      rule('1', { routingKeyTemplate: '${key[0]}.x', setAttributes: { team: 'ops' }, setPriority: 1 }),
      rule('2', { sourcePattern: 'a', targetTopic: 'b' }),
    ];
    const [routed] = aRouter(rules).route([event('in', { attributes: { priority: 5, severity: 'HIGH' } })]);
    const [one, two] = routed?.copies ?? [];
    expect(one.record).toMatchObject({
      eventId: 'event-1',
      timeMicros: 1_750_000_000_000_000,
      routingKey: 'portfolio.x',
      attributes: { priority: 1, severity: 'HIGH', team: 'ops', hops: 1, routed_from: 'in' },
    });
    expect(two.record.attributes).toMatchObject({ hops: 2, routed_from: 'in' });
  });

  it('goes on for at most four hops, counting those of other processes', () => {
    const chain = ['in', 'a', 'b', 'c', 'd', 'e', 'f'];
    const rules = chain
      .slice(1)
      .map((target, at) => rule(`to-${target}`, { sourcePattern: chain[at], targetTopic: target }));
    const router = aRouter(rules);
    expect(placesOf(router, event('in'))).toEqual([[true, 'a', 'b', 'c', 'd']]);
    expect(placesOf(router, event('in', { attributes: { hops: 3 } }))).toEqual([[true, 'a']]);
  });

  it('tells the value of its new place, and of a new priority if it has one', () => {
    const told: unknown[] = [];
    const router = aRouter([rule('1', { setPriority: 2 })], {
      restate: (record, place) => {
        told.push(place);
        return record.value;
      },
    });
    router.route([event('in')]);
    expect(told).toEqual([{ topic: 'a', priority: 2 }]);
  });

  it('lets an event be that its transformation refuses, or makes too large', () => {
    const refusing = RuleTable.compile([rule('1', { mode: 'move' })], () => () => undefined);
    const router = aRouter([]);
    router.use(refusing);
    expect(placesOf(router, event('in'))).toEqual([undefined]);
    const growing = RuleTable.compile([rule('1')], () => ({ record }) => ({ ...record, value: Buffer.alloc(100) }));
    const narrow = aRouter([], { maxEventBytes: 99 });
    narrow.use(growing);
    expect(placesOf(narrow, event('in'))).toEqual([undefined]);
  });

  it('lets an event be that the service will not have in the other topic, by what the copy is', () => {
    const rules = [rule('1', { mode: 'move' }), rule('2', { targetTopic: 'b', setAttributes: { state: 'yes' } })];
    const router = aRouter(rules, {
      topicProblem: ({ attributes }) => (attributes.state === undefined ? 'must be state' : undefined),
    });
    expect(placesOf(router, event('in'))).toEqual([[true, 'b']]);
  });

  it('reaches a bounded number of topics', () => {
    const rules = Array.from({ length: 70 }, (_, n) => rule(`r${n}`, { targetTopic: `n/${n}` }));
    const router = aRouter(rules, {
      topics: { find: (name) => ({ brokerName: name, partitions: 1, enabled: true, origin: 'ingested' }) },
    });
    expect(router.route([event('in')])[0]?.copies).toHaveLength(64);
  });

  it('routes many events of many topics in one call, each by its own rules', () => {
    const router = aRouter([rule('1'), rule('2', { sourcePattern: 'c', targetTopic: 'd' })]);
    expect(placesOf(router, event('in'), event('c'), event('e'), event('in'))).toEqual([
      [true, 'a'],
      [true, 'd'],
      undefined,
      [true, 'a'],
    ]);
  });
});
