import { DEFAULT_TENANT } from '../routing/broker-name.js';
import type { Filter } from '../matching/filter.js';
import { TOPIC_ATTRIBUTE } from '../matching/clause.js';
import { levelsOf, TENANT_MARK, TOPIC_SEPARATOR } from '../matching/topic-pattern.js';

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
  switch (filter.op) {
    case 'and':
    case 'or':
      return { op: filter.op, filters: filter.filters.map((part) => qualifyFilter(tenant, part)) };
    case 'not':
      return { op: 'not', filter: qualifyFilter(tenant, filter.filter) };
    case 'eq':
      return isTopicText(filter.attribute, filter.value)
        ? { ...filter, value: qualifyTopic(tenant, filter.value as string) }
        : filter;
    case 'in':
      return filter.attribute === TOPIC_ATTRIBUTE
        ? {
            ...filter,
            values: filter.values.map((value) => (typeof value === 'string' ? qualifyTopic(tenant, value) : value)),
          }
        : filter;
    case 'prefix':
      return filter.attribute === TOPIC_ATTRIBUTE ? { ...filter, value: qualifyTopic(tenant, filter.value) } : filter;
    default:
      return filter;
  }
}

const prefixOf = (tenant: string): string => `${TENANT_MARK}${tenant}${TOPIC_SEPARATOR}`;

const isTopicText = (attribute: string, value: unknown): boolean =>
  attribute === TOPIC_ATTRIBUTE && typeof value === 'string';
