import fc from 'fast-check';
import { qualifyFilter, qualifyPattern, tenantOf, unqualified } from '../../access/tenancy.js';
import { compileKeyPattern } from '../../matching/key-pattern.js';
import { matchesRecord } from '../../matching/matcher.js';
import { noMetrics } from '../../ports/metrics.port.js';
import { aRule } from '../../testing/a-rule.js';
import { arbitraryEvent, arbitraryFilter } from '../../testing/arbitrary-selection.js';
import { brokerNameOf } from '../broker-name.js';
import { findCycle } from './cycle-check.js';
import { EventRouter, type RoutableEvent } from './event-router.js';
import { explain } from './explain.js';
import { compareRules, type RoutingRule } from './routing-rule.js';
import { aim, RuleTable } from './rule-table.js';

const TOPICS = ['a', 'b', 'a/b', 'b/a', 'b/ab', 'c/x'];
const topics = {
  find: (name: string) =>
    TOPICS.includes(unqualified(name))
      ? { brokerName: brokerNameOf(name), partitions: 1, enabled: true, origin: 'ingested' as const }
      : undefined,
};

const arbitraryRule: fc.Arbitrary<Partial<RoutingRule>> = fc.record({
  tenant: fc.constantFrom('default', 'default', 't'),
  sourcePattern: fc.constantFrom('a', 'a/+', 'a/#', '+', '+/b', 'b', '#', 'b/a'),
  keyPattern: fc.constantFrom(undefined, undefined, '#', 'a.*', '*.b', 'a'),
  condition: fc.option(arbitraryFilter, { nil: undefined }),
  targetTopic: fc.constantFrom(
    'a/b',
    'b',
    'c/x',
    'b/${severity}',
    '${key[0]}/a',
    'b/${topic}',
    '${topic[1]}',
    'nowhere',
  ),
  routingKeyTemplate: fc.constantFrom(undefined, 'x.${key[1]}', '${severity|upper}', 'k'),
  mode: fc.constantFrom('copy' as const, 'copy' as const, 'move' as const),
  next: fc.constantFrom('continue' as const, 'continue' as const, 'stop' as const),
  priority: fc.integer({ min: 1, max: 3 }),
  enabled: fc.constantFrom(true, true, true, false),
});
const arbitraryRules = fc
  .array(arbitraryRule, { maxLength: 8 })
  .map((rules) => rules.map((rule, n) => aRule({ ...rule, name: `r${n}` })));
/** As many of them as lead nobody round in a circle. */
const arbitraryTable = arbitraryRules.map((rules) => {
  const kept: RoutingRule[] = [];
  for (const rule of rules) if (findCycle([...kept, rule]) === undefined) kept.push(rule);
  return kept;
});
const arbitraryPublished = fc.record({
  topic: fc.constantFrom('a', 'b', 'a/b', 'b/a', '@t/a', '@t/b/a'),
  record: arbitraryEvent,
});

/** The meaning of one rule, without any index. */
const matchesRule = (rule: RoutingRule, topic: string, record: Parameters<typeof matchesRecord>[2]) =>
  rule.enabled &&
  rule.tenant === tenantOf(topic) &&
  matchesRecord(
    {
      topicPatterns: [qualifyPattern(rule.tenant, rule.sourcePattern)],
      keyPatterns: rule.keyPattern === undefined ? [] : [compileKeyPattern(rule.keyPattern).text],
      filter: rule.condition && qualifyFilter(rule.tenant, rule.condition),
    },
    topic,
    record,
  );

function aRouter(rules: readonly RoutingRule[]) {
  const router = new EventRouter({ topics, restate: (record) => record.value, metrics: noMetrics });
  router.use(RuleTable.compile(rules));
  return router;
}

describe('a table of rules', () => {
  it('finds what each rule by itself would match, in order', () => {
    fc.assert(
      fc.property(arbitraryTable, fc.array(arbitraryPublished, { maxLength: 5 }), (rules, events) => {
        const table = RuleTable.compile(rules);
        for (const { topic } of events) {
          const records = events.filter((event) => event.topic === topic).map(({ record }) => record);
          const expected = records.map((record) =>
            [...rules]
              .sort(compareRules)
              .filter((rule) => matchesRule(rule, topic, record))
              .map(({ name }) => name),
          );
          const found = table.match(topic, records).map((matches) => (matches ?? []).map(({ rule }) => rule.name));
          expect(found).toEqual(expected);
          expect(table.concerns(topic) || found.every((names) => names.length === 0)).toBe(true);
        }
      }),
    );
  });

  it('routes a batch as it routes each of its events, and as the explanation says', () => {
    fc.assert(
      fc.property(arbitraryTable, fc.array(arbitraryPublished, { maxLength: 5 }), (rules, events) => {
        const router = aRouter(rules);
        const routed = router.route(events);
        events.forEach((event, at) => {
          expect(router.route([event])[0]).toEqual(routed[at]);
          const mine = rules.filter(({ tenant }) => tenant === tenantOf(event.topic)).sort(compareRules);
          const { keepsOriginal, copies } = explain(event, mine, router.rules, router);
          expect({ keepsOriginal, copies }).toEqual(routed[at] ?? { keepsOriginal: true, copies: [] });
        });
      }),
    );
  });

  it('gives an event to a topic once, within its tenant, and never loses it', () => {
    fc.assert(
      fc.property(arbitraryTable, arbitraryPublished, (rules, event) => {
        const [routed] = aRouter(rules).route([event]);
        if (routed === undefined) return;
        const places = routed.copies.map(({ topic }) => topic);
        expect(new Set([event.topic, ...places]).size).toBe(places.length + 1);
        expect(places.every((topic) => tenantOf(topic) === tenantOf(event.topic))).toBe(true);
        expect(routed.keepsOriginal || places.length > 0).toBe(true);
        expect(routed.copies.every(({ record }) => record.eventId === event.record.eventId)).toBe(true);
      }),
    );
  });
});

describe('the check for circles', () => {
  /** Where the rules, one after the other and without any bound, would take an event from a topic. */
  const reaches = (rules: readonly RoutingRule[], topic: string, record: Parameters<typeof matchesRecord>[2]) => {
    const compiled = RuleTable.compile(rules.filter(({ name }) => name !== '')).rules;
    return compiled.flatMap((one) => {
      if (!matchesRule(one.rule, topic, record)) return [];
      const aimed = aim(one, topic, record);
      return aimed.isWhole ? [{ topic: aimed.topic, record: { ...record, routingKey: aimed.routingKey } }] : [];
    });
  };

  it('leaves no way for any event to come back to a rule that it has met', () => {
    fc.assert(
      fc.property(arbitraryTable, arbitraryPublished, (rules, event) => {
        let places: RoutableEvent[] = [event];
        // Without a circle a way meets each rule once at most.
        for (let hop = 0; hop <= rules.length; hop++) {
          places = places.flatMap(({ topic, record }) => reaches(rules, topic, record)).slice(0, 200);
        }
        expect(places).toEqual([]);
      }),
    );
  });

  const rule = (sourcePattern: string, targetTopic: string, more: Partial<RoutingRule> = {}) =>
    aRule({ name: `${sourcePattern} to ${targetTopic}`, sourcePattern, targetTopic, ...more });

  it.each<[string, RoutingRule[], boolean]>([
    ['itself', [rule('a', 'a')], true],
    ['itself, by a wildcard', [rule('a/#', 'a/b')], true],
    ['out of its own pattern', [rule('a/#', 'b')], false],
    ['two', [rule('a', 'b'), rule('b', 'a')], true],
    ['two, one of them disabled', [rule('a', 'b'), rule('b', 'a', { enabled: false })], false],
    ['two tenants', [rule('a', 'b'), rule('b', 'a', { tenant: 't' })], false],
    ['three', [rule('a', 'b'), rule('b', 'c/x'), rule('c/+', 'a')], true],
    ['a level that may be anything', [rule('a/+', 'a/${severity}')], true],
    ['a level that begins otherwise', [rule('a/b', 'a/x-${severity}')], false],
    ['a level that the source pattern fixes', [rule('a/+', 'b/${topic[0]}'), rule('b/c', 'a/x')], false],
    ['a level that the source pattern leaves open', [rule('a/+', 'b/${topic[1]}'), rule('b/c', 'a/x')], true],
    ['the whole topic below another', [rule('a/#', 'b/${topic}')], false],
    ['the whole topic, and back', [rule('a/#', 'b/${topic}'), rule('b/a/+', 'a/c')], true],
    ['the whole topic, changed', [rule('a', '${topic|upper}')], true],
    ['several whole topics', [rule('#', 'x/${topic}/${topic}/${topic}/y'), rule('x/+/+/+/z', 'q')], true],
    ['a text on both sides', [rule('a/+', 'a-${x}-z/b'), rule('a-b-z/b', 'a/b')], true],
  ])('%s: %#', (_what, rules, isCircle) => {
    expect(findCycle(rules) !== undefined).toBe(isCircle);
  });

  it('stays quick with thousands of rules in a row', () => {
    const rules = Array.from({ length: 1_000 }, (_, n) => rule(`row/${n}`, `row/${n + 1}`));
    expect(findCycle(rules)).toBeUndefined();
    expect(findCycle([...rules, rule('row/1000', 'row/0')])).toHaveLength(1_001);
  });
});
