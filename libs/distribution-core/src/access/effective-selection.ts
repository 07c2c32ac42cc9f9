import { DistributionError } from '../errors/distribution-error.js';
import { canonicalFilter } from '../matching/canonical-filter.js';
import type { Filter } from '../matching/filter.js';
import { intersectionOf, isSetApart } from '../matching/topic-pattern.js';
import type { Selection } from '../subscription/subscription.js';
import type { Principal, Verb } from './principal.js';
import { qualifyFilter, qualifyPattern } from './tenancy.js';

interface Part {
  readonly patterns: readonly string[];
  readonly constraint: Filter;
}

/**
 * What a principal gets of what it asks for: the patterns intersected with the permitted ones, the constraints ANDed
 * into the filter. `selection` is in the catalog's names, as doors make it and subscriptions are stored, and so is the
 * result. Equal permissions give equal selections, which share a feed; topics that appear later are covered as those that
 * exist. `auth.forbidden` if nothing at all is permitted, which is so for whatever belongs to another tenant.
 */
export function effectiveSelection(principal: Principal, verb: Verb, selection: Selection): Selection {
  const { tenant } = principal;
  const free = new Set<string>();
  const parts: Part[] = [];
  for (const { verbs, topicPattern, constraint } of principal.permissions) {
    if (!verbs.includes(verb)) continue;
    const permitted = qualifyPattern(tenant, topicPattern);
    const patterns = selection.topicPatterns
      .map((asked) => narrowed(asked, permitted))
      .filter((pattern) => pattern !== undefined);
    if (constraint === undefined) for (const pattern of patterns) free.add(pattern);
    else if (patterns.length > 0) parts.push({ patterns, constraint: qualifyFilter(tenant, constraint) });
  }
  const constrained = parts
    .map((part) => ({ ...part, patterns: part.patterns.filter((pattern) => !isCovered(pattern, free)) }))
    .filter(({ patterns }) => patterns.length > 0);
  const topicPatterns = withoutCovered([...free, ...constrained.flatMap(({ patterns }) => patterns)]);
  if (topicPatterns.length === 0) {
    throw new DistributionError('auth.forbidden', `this needs the permission to ${verb} any of what is asked for`);
  }
  const filters = [selection.filter, constraintOf([...free], constrained)].filter((filter) => filter !== undefined);
  return {
    topicPatterns,
    keyPatterns: selection.keyPatterns,
    filter: filters.length < 2 ? filters[0] : { op: 'and', filters },
    ...(selection.subscriber !== undefined && { subscriber: selection.subscriber }),
  };
}

/** Undefined if every event of the permitted topics is permitted. */
function constraintOf(free: readonly string[], parts: readonly Part[]): Filter | undefined {
  if (parts.length === 0) return undefined;
  // With one constraint for all the topics need not be looked at again, and the index can use its clauses.
  const [{ constraint }] = parts;
  const canonical = canonicalFilter(constraint);
  if (free.length === 0 && parts.every((part) => canonicalFilter(part.constraint) === canonical)) return constraint;
  return {
    op: 'or',
    filters: [
      ...(free.length === 0 ? [] : [{ op: 'topic' as const, patterns: free }]),
      ...parts.map((part): Filter => ({
        op: 'and',
        filters: [{ op: 'topic', patterns: part.patterns }, part.constraint],
      })),
    ],
  };
}

/** What of it is permitted. Its name must be what is asked for where a topic is set apart: no wildcard becomes that. */
function narrowed(asked: string, permitted: string): string | undefined {
  const both = intersectionOf(asked, permitted);
  return both === undefined || (both !== asked && isSetApart(both)) ? undefined : both;
}

const isCovered = (pattern: string, by: ReadonlySet<string>): boolean =>
  [...by].some((other) => covers(other, pattern));

/** Each once, and none that another one holds. */
export function withoutCovered(patterns: readonly string[]): string[] {
  const distinct = [...new Set(patterns)];
  return distinct.filter((pattern) => !distinct.some((other) => other !== pattern && covers(other, pattern)));
}

/** Whether all that `pattern` selects is selected by `other`, which reaches nothing that is set apart but by its name. */
const covers = (other: string, pattern: string): boolean =>
  other === pattern || (!isSetApart(pattern) && intersectionOf(pattern, other) === pattern);
