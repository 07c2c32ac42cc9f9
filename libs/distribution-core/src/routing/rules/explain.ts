import { unqualified } from '../../access/tenancy.js';
import type { AttributeValue } from '../../event.js';
import { TOPIC_ATTRIBUTE } from '../../matching/clause.js';
import type { Filter } from '../../matching/filter.js';
import { compileKeyPattern } from '../../matching/key-pattern.js';
import { type AttributeReader, evaluateFilter, recordReader } from '../../matching/matcher.js';
import { compileTopicPattern } from '../../matching/topic-pattern.js';
import { type EventRouter, hopsOf, type Placement, type RoutableEvent, type SkipReason } from './event-router.js';
import type { RoutingRule } from './routing-rule.js';
import type { CompiledRule, RuleTable } from './rule-table.js';

/** Why a rule does not match: where the first broken condition stands in the rule, the condition, and what was seen. */
export interface FirstFailure {
  readonly path: string;
  readonly clause: unknown;
  /** Undefined if the event has no such value. */
  readonly value: unknown;
}

export type Verdict =
  | { readonly outcome: 'fired'; readonly target: Placement }
  | { readonly outcome: 'disabled' }
  /** An earlier rule said "stop". */
  | { readonly outcome: 'not_reached'; readonly stoppedBy: string }
  | { readonly outcome: 'no_match'; readonly failure: FirstFailure }
  | {
      readonly outcome: 'skipped';
      readonly reason: SkipReason;
      readonly topic?: string;
      readonly placeholder?: string;
      readonly value?: unknown;
    };

export type ExplainedRule = Verdict & {
  readonly rule: RoutingRule;
  /** Where the event was when the rule looked at it, as the tenant names it. */
  readonly at: string;
  readonly hops: number;
};

export interface Explanation {
  readonly keepsOriginal: boolean;
  /** What is appended, apart from the original. */
  readonly copies: readonly Placement[];
  /** Each rule at each topic that the event came by, in the order in which they are looked at. */
  readonly rules: readonly ExplainedRule[];
}

interface Stop {
  readonly event: RoutableEvent;
  readonly hops: number;
}

/**
 * What a set of rules would do with an event, and why not more: the same decisions as {@link EventRouter.route}, one
 * rule after the other and without an index. `rules` are all of one tenant, in order, the disabled ones too.
 */
export function explain(
  event: RoutableEvent,
  rules: readonly RoutingRule[],
  table: RuleTable,
  router: EventRouter,
): Explanation {
  const compiled = new Map(table.rules.map((one) => [one.rule.id, one]));
  const visited = new Set([event.topic]);
  const moved = new Set<unknown>();
  const copies: Placement[] = [];
  const explained: ExplainedRule[] = [];
  let wave: Stop[] = [{ event, hops: hopsOf(event.record) }];
  while (wave.length > 0) {
    const next: Stop[] = [];
    for (const stop of wave) {
      let stoppedBy: string | undefined;
      for (const rule of rules) {
        const verdict = verdictOf(rule, compiled.get(rule.id), stop, stoppedBy, (one) =>
          router.fire(one, stop.event, stop.hops, visited, event.topic),
        );
        explained.push({ ...verdict, rule, at: unqualified(stop.event.topic), hops: stop.hops });
        if (verdict.outcome !== 'fired') continue;
        visited.add(verdict.target.topic);
        copies.push(verdict.target);
        next.push({ event: verdict.target, hops: stop.hops + 1 });
        if (rule.mode === 'move') moved.add(stop.event.record);
        if (rule.next === 'stop') stoppedBy = rule.name;
      }
    }
    wave = next.filter(({ event: copy }) => table.concerns(copy.topic));
  }
  return {
    keepsOriginal: !moved.has(event.record),
    copies: copies.filter(({ record }) => !moved.has(record)),
    rules: explained,
  };
}

function verdictOf(
  rule: RoutingRule,
  compiled: CompiledRule | undefined,
  { event }: Stop,
  stoppedBy: string | undefined,
  fire: (compiled: CompiledRule) => ReturnType<EventRouter['fire']>,
): Verdict {
  if (!rule.enabled || compiled === undefined) return { outcome: 'disabled' };
  if (stoppedBy !== undefined) return { outcome: 'not_reached', stoppedBy };
  const failure = firstFailure(rule, event);
  if (failure !== undefined) return { outcome: 'no_match', failure };
  const fired = fire(compiled);
  if (fired.fired) return { outcome: 'fired', target: fired.placement };
  const { fired: _, ...why } = fired;
  return { outcome: 'skipped', ...why };
}

/** Undefined if the rule matches. */
export function firstFailure(rule: RoutingRule, event: RoutableEvent): FirstFailure | undefined {
  const topic = unqualified(event.topic);
  const { routingKey } = event.record;
  if (!compileTopicPattern(rule.sourcePattern).matches(topic)) {
    return { path: 'source_pattern', clause: rule.sourcePattern, value: topic };
  }
  if (rule.keyPattern !== undefined && !compileKeyPattern(rule.keyPattern).matches(routingKey)) {
    return { path: 'key_pattern', clause: rule.keyPattern, value: routingKey };
  }
  if (rule.condition === undefined) return undefined;
  return failureOf(rule.condition, recordReader(topic, event.record), 'condition');
}

function failureOf(filter: Filter, read: AttributeReader, path: string): FirstFailure | undefined {
  if (evaluateFilter(filter, read)) return undefined;
  switch (filter.op) {
    case 'and': {
      const at = filter.filters.findIndex((part) => !evaluateFilter(part, read));
      return failureOf(filter.filters[at], read, `${path}.filters[${at}]`);
    }
    case 'or':
    case 'not':
      return { path, clause: filter, value: valuesOf(filter, read) };
    case 'topic':
      return { path, clause: filter, value: read(TOPIC_ATTRIBUTE) };
    default:
      return { path, clause: filter, value: read(filter.attribute) };
  }
}

/** What the event has of all that the filter looks at. */
function valuesOf(filter: Filter, read: AttributeReader): Record<string, AttributeValue | null> {
  const values: Record<string, AttributeValue | null> = {};
  const collect = (part: Filter): void => {
    if (part.op === 'and' || part.op === 'or') part.filters.forEach(collect);
    else if (part.op === 'not') collect(part.filter);
    else {
      const attribute = part.op === 'topic' ? TOPIC_ATTRIBUTE : part.attribute;
      values[attribute] = (read(attribute) as AttributeValue | undefined) ?? null;
    }
  };
  collect(filter);
  return values;
}
