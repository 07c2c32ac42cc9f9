import { qualifyFilter, qualifyPattern, qualifyTopic, unqualified } from '../../access/tenancy.js';
import { invalidRequest } from '../../errors/distribution-error.js';
import type { Attributes, EventRecord } from '../../event.js';
import { MatchIndex } from '../../matching/match-index.js';
import { recordReader } from '../../matching/matcher.js';
import type { Selection } from '../../subscription/subscription.js';
import { findCycle } from './cycle-check.js';
import { RecordsBatch } from './records-batch.js';
import { compareRules, type RoutingRule } from './routing-rule.js';
import { compileTemplate, render, type Rendered, type Template } from './template.js';

/** What a rule makes of an event, besides its place; undefined: the event cannot be transformed, and stays as it is. */
export type RuleTransform = (event: {
  readonly topic: string;
  readonly record: EventRecord;
}) => EventRecord | undefined;

/** `request.invalid` if the transformation that a rule names cannot be had. */
export type TransformSource = (rule: RoutingRule) => RuleTransform | undefined;

export interface CompiledRule {
  readonly rule: RoutingRule;
  readonly selection: Selection;
  readonly target: Template;
  readonly key: Template | undefined;
  /** Those that the rule sets, its priority included. */
  readonly attributes: Attributes;
  readonly transform: RuleTransform | undefined;
}

/** Where a rule would put an event. */
export type Aim =
  | { readonly isWhole: true; /** The catalog's name. */ readonly topic: string; readonly routingKey: string }
  | (Rendered & { readonly isWhole: false; readonly of: 'target_topic' | 'routing_key_template' });

const NO_TRANSFORMS: TransformSource = () => undefined;

/**
 * All rules of all tenants, compiled once and never changed: a change makes a new table. Finding the rules of an event
 * costs what the match index costs: it grows with the rules that match, not with all that there are.
 */
export class RuleTable {
  static readonly EMPTY = RuleTable.compile([]);

  private readonly index = new MatchIndex(undefined, false);
  private readonly topics = new Map<string, boolean>();

  private constructor(
    /** The enabled ones, in the order in which they are looked at. */
    readonly rules: readonly CompiledRule[],
  ) {
    rules.forEach(({ selection }, id) => this.index.add(id, selection));
  }

  /** `request.invalid`, with nothing compiled, if a rule is not one or if an event might go round in a circle. */
  static compile(rules: readonly RoutingRule[], transformOf: TransformSource = NO_TRANSFORMS): RuleTable {
    const cycle = findCycle(rules);
    if (cycle !== undefined) {
      throw invalidRequest([
        { path: 'target_topic', rule: `must not lead events round in a circle: ${[...cycle, cycle[0]].join(' → ')}` },
      ]);
    }
    const enabled = rules.filter((rule) => rule.enabled).sort(compareRules);
    return new RuleTable(enabled.map((rule) => compileRule(rule, transformOf)));
  }

  get size(): number {
    return this.rules.length;
  }

  /** Whether any rule looks at this topic (the catalog's name). Remembered: there are few topics, and many events. */
  concerns(topic: string): boolean {
    let known = this.topics.get(topic);
    if (known === undefined) {
      known = this.rules.length > 0 && this.index.entriesOf(topic).length > 0;
      if (this.topics.size >= MAX_REMEMBERED_TOPICS) this.topics.clear();
      this.topics.set(topic, known);
    }
    return known;
  }

  /** For each of the events of one topic the rules that match it, in order; undefined where none does. */
  match(topic: string, records: readonly EventRecord[]): readonly (readonly CompiledRule[] | undefined)[] {
    const found: (number[] | undefined)[] = records.map(() => undefined);
    this.index.match(topic, new RecordsBatch(records), undefined, (id, indexes, count) => {
      for (let at = 0; at < count; at++) {
        const row = indexes === undefined ? at : indexes[at];
        const ids = found[row];
        if (ids === undefined) found[row] = [id];
        else ids.push(id);
      }
    });
    return found.map((ids) => ids?.sort((a, b) => a - b).map((id) => this.rules[id]));
  }
}

const MAX_REMEMBERED_TOPICS = 100_000;

/** `topic` is the catalog's name of where the event is. */
export function aim({ rule, target, key }: CompiledRule, topic: string, record: EventRecord): Aim {
  const path = unqualified(topic);
  const read = recordReader(path, record);
  const to = render(target, path, read);
  if (!to.isWhole) return { ...to, of: 'target_topic' };
  const keyed = key === undefined ? undefined : render(key, path, read);
  if (keyed?.isWhole === false) return { ...keyed, of: 'routing_key_template' };
  return {
    isWhole: true,
    topic: qualifyTopic(rule.tenant, to.text),
    routingKey: keyed?.text ?? record.routingKey,
  };
}

function compileRule(rule: RoutingRule, transformOf: TransformSource): CompiledRule {
  const { tenant, sourcePattern, keyPattern, condition, setPriority } = rule;
  return {
    rule,
    selection: {
      topicPatterns: [qualifyPattern(tenant, sourcePattern)],
      keyPatterns: keyPattern === undefined ? [] : [keyPattern],
      filter: condition === undefined ? undefined : qualifyFilter(tenant, condition),
    },
    target: compileTemplate(rule.targetTopic, 'topic'),
    key: rule.routingKeyTemplate === undefined ? undefined : compileTemplate(rule.routingKeyTemplate, 'routing_key'),
    attributes: setPriority === undefined ? rule.setAttributes : { ...rule.setAttributes, priority: setPriority },
    transform: transformOf(rule),
  };
}
