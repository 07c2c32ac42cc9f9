import type { Problem } from '../../errors/distribution-error.js';
import { ROUTING_KEY, TRACEPARENT } from '../../event-batch.js';
import { EVENT_ID_ATTRIBUTE, TOPIC_ATTRIBUTE } from '../../matching/clause.js';
import { keyPatternProblem } from '../../matching/key-pattern.js';
import { isPayloadPath } from '../../matching/payload-reader.js';
import { TENANT_MARK, topicPatternProblem } from '../../matching/topic-pattern.js';
import { HOPS_ATTRIBUTE, ROUTED_FROM_ATTRIBUTE, RULE_LIMITS, type RuleSettings } from './routing-rule.js';
import { templateProblems } from './template.js';

const MAX_VALUE_LENGTH = 1024;
const ATTRIBUTE_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;
const RESERVED: ReadonlySet<string> = new Set([
  ROUTING_KEY,
  TRACEPARENT,
  TOPIC_ATTRIBUTE,
  EVENT_ID_ATTRIBUTE,
  HOPS_ATTRIBUTE,
  ROUTED_FROM_ATTRIBUTE,
]);
const CONTROL = /\p{Cc}/u;

/** Everything that is wrong with a rule by itself, with the paths of its JSON form. */
export function ruleProblems(rule: RuleSettings): Problem[] {
  const { sourcePattern, keyPattern, targetTopic, routingKeyTemplate, setPriority, priority } = rule;
  const problems: Problem[] = [...nameProblems(rule.name), ...patternProblems(sourcePattern)];
  if (keyPattern !== undefined) {
    const problem = keyPatternProblem(keyPattern, 'key_pattern');
    if (problem !== undefined) problems.push(problem);
    else problems.push(...lengthProblems(keyPattern, 'key_pattern'));
  }
  problems.push(...templateProblems(targetTopic, 'topic', 'target_topic'));
  if (routingKeyTemplate !== undefined) {
    problems.push(...templateProblems(routingKeyTemplate, 'routing_key', 'routing_key_template'));
  }
  problems.push(...attributeProblems(rule.setAttributes));
  if (setPriority !== undefined && !isWithin(setPriority, 1, 9)) {
    problems.push({ path: 'set_priority', rule: 'must be a whole number from 1 (most urgent) to 9' });
  }
  const { minPriority, maxPriority } = RULE_LIMITS;
  if (!isWithin(priority, minPriority, maxPriority)) {
    problems.push({ path: 'priority', rule: `must be a whole number from ${minPriority} to ${maxPriority}` });
  }
  return problems;
}

function nameProblems(name: string): Problem[] {
  if (name.length > 0 && name.length <= RULE_LIMITS.nameLength && !CONTROL.test(name)) return [];
  return [
    { path: 'name', rule: `must have 1 to ${RULE_LIMITS.nameLength} characters, none of them control characters` },
  ];
}

function patternProblems(pattern: string): Problem[] {
  const problem = topicPatternProblem(pattern, 'source_pattern');
  if (problem !== undefined) return [problem];
  const problems = lengthProblems(pattern, 'source_pattern');
  if (pattern.startsWith(TENANT_MARK)) {
    problems.push({ path: 'source_pattern', rule: `must not begin with "${TENANT_MARK}"` });
  }
  return problems;
}

function lengthProblems(text: string, path: string): Problem[] {
  if (text.length <= RULE_LIMITS.patternLength) return [];
  return [{ path, rule: `must be at most ${RULE_LIMITS.patternLength} characters` }];
}

function attributeProblems(attributes: RuleSettings['setAttributes']): Problem[] {
  const problems: Problem[] = [];
  const entries = Object.entries(attributes);
  if (entries.length > RULE_LIMITS.setAttributes) {
    return [{ path: 'set_attributes', rule: `must be at most ${RULE_LIMITS.setAttributes}` }];
  }
  for (const [name, value] of entries) {
    const path = `set_attributes.${name}`;
    if (!ATTRIBUTE_NAME.test(name))
      problems.push({ path, rule: 'must have a name of letters, digits, ".", "_" and "-"' });
    else if (RESERVED.has(name) || isPayloadPath(name)) problems.push({ path, rule: 'must not have a reserved name' });
    if (typeof value === 'string' && value.length > MAX_VALUE_LENGTH) {
      problems.push({ path, rule: `must be at most ${MAX_VALUE_LENGTH} characters` });
    }
    if (typeof value === 'number' && !Number.isFinite(value)) problems.push({ path, rule: 'must be a finite number' });
  }
  return problems;
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
