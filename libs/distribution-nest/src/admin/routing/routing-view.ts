import type { NewRuleInput, RoutingExplanationView, RuleChangeInput, RuleView } from '@distributary/contracts';
import {
  type ExplainedRule,
  type Explanation,
  filterToJson,
  parseFilter,
  type Placement,
  type RoutableEvent,
  type RoutingRule,
  type RuleSettings,
  unqualified,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';

type Json = Record<string, unknown>;

export function ruleView(rule: RoutingRule): RuleView {
  return {
    id: rule.id,
    name: rule.name,
    source_pattern: rule.sourcePattern,
    ...(rule.keyPattern === undefined ? {} : { key_pattern: rule.keyPattern }),
    ...(rule.condition === undefined ? {} : { condition: filterToJson(rule.condition) as Json }),
    target_topic: rule.targetTopic,
    ...(rule.routingKeyTemplate === undefined ? {} : { routing_key_template: rule.routingKeyTemplate }),
    set_attributes: { ...rule.setAttributes },
    ...(rule.setPriority === undefined ? {} : { set_priority: rule.setPriority }),
    ...(rule.transformation === undefined ? {} : { transformation: rule.transformation as string | Json }),
    mode: rule.mode,
    next: rule.next,
    priority: rule.priority,
    enabled: rule.enabled,
    revision: rule.revision,
    created_at: isoTime(rule.createdAtMicros),
  };
}

/** `request.invalid` if the condition is none. */
export function settingsOf(input: NewRuleInput, path = 'condition'): RuleSettings {
  return {
    name: input.name,
    sourcePattern: input.source_pattern,
    keyPattern: input.key_pattern ?? undefined,
    condition: (input.condition ?? undefined) === undefined ? undefined : parseFilter(input.condition, path),
    targetTopic: input.target_topic,
    routingKeyTemplate: input.routing_key_template ?? undefined,
    setAttributes: input.set_attributes ?? {},
    setPriority: input.set_priority ?? undefined,
    transformation: input.transformation ?? undefined,
    mode: input.mode ?? 'copy',
    next: input.next ?? 'continue',
    priority: input.priority ?? 1,
    enabled: input.enabled ?? true,
  };
}

/** Only what is named; `null` is "none". */
export function ruleChangeOf(input: RuleChangeInput): Partial<RuleSettings> {
  const whole = settingsOf({ name: '', source_pattern: '', target_topic: '', ...input });
  const fields = Object.entries(FIELDS).filter(([field]) => input[field as keyof RuleChangeInput] !== undefined);
  return Object.fromEntries(fields.map(([, setting]) => [setting, whole[setting]]));
}

const FIELDS = {
  name: 'name',
  source_pattern: 'sourcePattern',
  key_pattern: 'keyPattern',
  condition: 'condition',
  target_topic: 'targetTopic',
  routing_key_template: 'routingKeyTemplate',
  set_attributes: 'setAttributes',
  set_priority: 'setPriority',
  transformation: 'transformation',
  mode: 'mode',
  next: 'next',
  priority: 'priority',
  enabled: 'enabled',
} as const satisfies Readonly<Record<keyof Required<RuleChangeInput>, keyof RuleSettings>>;

export function explanationView(event: RoutableEvent, explanation: Explanation): RoutingExplanationView {
  return {
    event_id: event.record.eventId,
    topic: unqualified(event.topic),
    routing_key: event.record.routingKey,
    keeps_original: explanation.keepsOriginal,
    copies: explanation.copies.map(placeView),
    rules: explanation.rules.map((rule) => ({
      id: rule.rule.id,
      name: rule.rule.name,
      priority: rule.rule.priority,
      at: rule.at,
      hops: rule.hops,
      ...verdictView(rule),
    })),
  };
}

function placeView({ topic, record }: Placement): RoutingExplanationView['copies'][number] {
  return {
    topic: unqualified(topic),
    routing_key: record.routingKey,
    attributes: { ...record.attributes },
    event: JSON.parse(Buffer.from(record.value).toString('utf8')),
  };
}

type VerdictView = Omit<RoutingExplanationView['rules'][number], 'id' | 'name' | 'priority' | 'at' | 'hops'>;

function verdictView(rule: ExplainedRule): VerdictView {
  const { outcome } = rule;
  switch (rule.outcome) {
    case 'fired':
      return { outcome, target_topic: unqualified(rule.target.topic), routing_key: rule.target.record.routingKey };
    case 'no_match': {
      const { path, clause, value } = rule.failure;
      return { outcome, failed: { path, clause }, ...(value === undefined ? {} : { value }) };
    }
    case 'skipped': {
      const { reason, topic, placeholder, value } = rule;
      return {
        outcome,
        reason,
        ...(topic === undefined ? {} : { target_topic: topic }),
        ...(placeholder === undefined ? {} : { placeholder }),
        ...(value === undefined ? {} : { value }),
      };
    }
    case 'not_reached':
      return { outcome, stopped_by: rule.stoppedBy };
    case 'disabled':
      return { outcome };
  }
}
