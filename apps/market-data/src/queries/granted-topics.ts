import {
  type AttributeValue,
  compileTopicPattern,
  type Filter,
  type Principal,
  tenantOf,
  type TopicDefinition,
  unqualified,
} from '@distributary/distribution-core';

/** What is known of every event of an answer before one is read. */
export type KnownAttributes = Readonly<Record<string, AttributeValue>>;

/**
 * Those of the topics of which the principal may read every event that has these attributes. A permission whose constraint
 * depends on anything else gives none: a candle of some of the trades would be wrong, and of all of them a leak.
 */
export function grantedTopics(
  topics: readonly TopicDefinition[],
  principal: Principal,
  known: KnownAttributes,
): readonly TopicDefinition[] {
  const grants = principal.permissions
    .filter(({ verbs }) => verbs.includes('read'))
    .map(({ topicPattern, constraint }) => ({ pattern: compileTopicPattern(topicPattern), constraint }));
  return topics.filter(({ name }) => {
    if (tenantOf(name) !== principal.tenant) return false;
    const topic = unqualified(name);
    return grants.some(
      ({ pattern, constraint }) =>
        pattern.matches(topic) && (constraint === undefined || verdictOf(constraint, topic, known) === true),
    );
  });
}

/** Undefined: it depends on the event. */
function verdictOf(filter: Filter, topic: string, known: KnownAttributes): boolean | undefined {
  switch (filter.op) {
    case 'topic':
      return filter.patterns.some((pattern) => compileTopicPattern(pattern).matches(topic));
    case 'not': {
      const verdict = verdictOf(filter.filter, topic, known);
      return verdict === undefined ? undefined : !verdict;
    }
    case 'and':
    case 'or': {
      const decides = filter.op === 'or';
      const verdicts = filter.filters.map((one) => verdictOf(one, topic, known));
      if (verdicts.includes(decides)) return decides;
      return verdicts.includes(undefined) ? undefined : !decides;
    }
    default:
      return verdictOfValue(filter, known);
  }
}

function verdictOfValue(
  filter: Exclude<Filter, { readonly op: 'topic' | 'not' | 'and' | 'or' }>,
  known: KnownAttributes,
): boolean | undefined {
  if (!Object.hasOwn(known, filter.attribute)) return undefined;
  const value = known[filter.attribute];
  switch (filter.op) {
    case 'eq':
      return value === filter.value;
    case 'in':
      return filter.values.includes(value);
    case 'prefix':
      return typeof value === 'string' && value.startsWith(filter.value);
    case 'exists':
      return true;
    case 'range':
      return undefined;
  }
}
