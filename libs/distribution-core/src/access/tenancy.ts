import { DEFAULT_TENANT } from '../routing/broker-name.js';
import type { AttributeValue } from '../event.js';
import type { Filter } from '../matching/filter.js';
import { TOPIC_ATTRIBUTE } from '../matching/clause.js';
import { levelsOf, TENANT_MARK, TOPIC_SEPARATOR } from '../matching/topic-pattern.js';
import type { Selection } from '../subscription/subscription.js';

/** What a tenant may be called: one level of a topic, without wildcards. */
const TENANT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const isTenantName = (name: string): boolean => TENANT_NAME.test(name);

/**
 * The catalog's name of what a tenant calls `path`: `@<tenant>/<path>`, and the path itself for the default tenant. A
 * path of the default tenant that begins with the mark is put below `@default/`, so that nobody can name what belongs to
 * another tenant: it is simply not there. Good for names of durable subscriptions as well.
 */
export function qualifyTopic(tenant: string, path: string): string {
  return tenant === DEFAULT_TENANT && !path.startsWith(TENANT_MARK) ? path : prefixOf(tenant) + path;
}

/** The same for a pattern over topics; a wildcard stays within the tenant. */
export const qualifyPattern = qualifyTopic;

/** What the tenant itself calls it. */
export function unqualified(name: string): string {
  return name.startsWith(TENANT_MARK) ? name.slice(name.indexOf(TOPIC_SEPARATOR) + 1) : name;
}

/** Whose it is. */
export function tenantOf(name: string): string {
  return name.startsWith(TENANT_MARK) ? levelsOf(name)[0].slice(TENANT_MARK.length) : DEFAULT_TENANT;
}

/** A filter as the catalog's names need it: what it says of `topic` is said in the tenant's words. */
export function qualifyFilter(tenant: string, filter: Filter): Filter {
  return withTopicNames(filter, (name) => qualifyTopic(tenant, name));
}

function withTopicNames(filter: Filter, renamed: (name: string) => string): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { op: filter.op, filters: filter.filters.map((part) => withTopicNames(part, renamed)) };
    case 'not':
      return { op: 'not', filter: withTopicNames(filter.filter, renamed) };
    case 'topic':
      return { op: 'topic', patterns: filter.patterns.map(renamed) };
    default:
  }
  if (filter.attribute !== TOPIC_ATTRIBUTE) return filter;
  const renamedText = (value: AttributeValue) => (typeof value === 'string' ? renamed(value) : value);
  switch (filter.op) {
    case 'eq':
      return { ...filter, value: renamedText(filter.value) };
    case 'in':
      return { ...filter, values: filter.values.map(renamedText) };
    case 'prefix':
      return { ...filter, value: renamed(filter.value) };
    default:
      return filter;
  }
}

/** What a tenant asks for, as the catalog's names have it: to be done once, at the door. */
export function qualifySelection(tenant: string, selection: Selection): Selection {
  const { topicPatterns, filter } = selection;
  return {
    ...selection,
    topicPatterns: topicPatterns.map((pattern) => qualifyPattern(tenant, pattern)),
    filter: filter && qualifyFilter(tenant, filter),
  };
}

/** The same selection in the words of the tenant that asked for it. */
export function unqualifiedSelection({ topicPatterns, keyPatterns, filter }: Selection): Selection {
  return {
    topicPatterns: topicPatterns.map(unqualified),
    keyPatterns,
    filter: filter && withTopicNames(filter, unqualified),
  };
}

const prefixOf = (tenant: string): string => `${TENANT_MARK}${tenant}${TOPIC_SEPARATOR}`;
