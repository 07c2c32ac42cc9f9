import { DistributionError, type Problem } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import { evaluateFilter, recordReader } from '../matching/matcher.js';
import { compileTopicPattern } from '../matching/topic-pattern.js';
import type { Permission, Principal, Verb } from './principal.js';
import { qualifyTopic, tenantOf, unqualified } from './tenancy.js';

const MAX_PROBLEMS = 100;

interface Grant {
  readonly covers: (topic: string) => boolean;
  readonly constraint: Permission['constraint'];
}

/** Which events of its tenant a principal may have or make, one at a time: for publishing and for reads of the present. */
export class PermittedEvents {
  private readonly grants: readonly Grant[];
  /** Neighbours mostly have one topic. */
  private last: { readonly topic: string; readonly covering: readonly Grant[] } | undefined;

  constructor(
    readonly principal: Principal,
    verb: Verb,
  ) {
    this.grants = principal.permissions
      .filter(({ verbs }) => verbs.includes(verb))
      .map(({ topicPattern, constraint }) => {
        const pattern = compileTopicPattern(topicPattern);
        return { covers: (topic) => pattern.matches(topic), constraint };
      });
  }

  /** `topic` by the catalog's name. Of another tenant: never. */
  includes(topic: string, record: EventRecord): boolean {
    if (this.last?.topic !== topic) this.last = { topic, covering: this.covering(topic) };
    const { covering } = this.last;
    if (covering.length === 0) return false;
    if (covering.some(({ constraint }) => constraint === undefined)) return true;
    // Constraints are in the tenant's words, as the event is to the tenant.
    const read = recordReader(unqualified(topic), record);
    return covering.some(({ constraint }) => constraint !== undefined && evaluateFilter(constraint, read));
  }

  private covering(topic: string): readonly Grant[] {
    if (tenantOf(topic) !== this.principal.tenant) return [];
    const path = unqualified(topic);
    return this.grants.filter(({ covers }) => covers(path));
  }
}

/**
 * Events in the tenant's words, with the catalog's names of their topics. `auth.forbidden`, naming each event that the
 * principal may not publish: a topic outside of its permissions, or attributes outside of their constraint.
 */
export function permittedToPublish<Event extends { readonly topic: string; readonly record: EventRecord }>(
  principal: Principal,
  events: readonly Event[],
): readonly Event[] {
  const permitted = new PermittedEvents(principal, 'publish');
  const problems: Problem[] = [];
  let last = { given: '', topic: '' };
  const qualified = events.map((event, index) => {
    if (last.given !== event.topic) {
      last = { given: event.topic, topic: qualifyTopic(principal.tenant, event.topic) };
    }
    const { topic } = last;
    if (!permitted.includes(topic, event.record) && problems.length < MAX_PROBLEMS) {
      problems.push({ path: `events[${index}]`, rule: `must be one that you may publish to ${event.topic}` });
    }
    return topic === event.topic ? event : { ...event, topic };
  });
  if (problems.length > 0) {
    throw new DistributionError('auth.forbidden', 'this needs the permission to publish these events', { problems });
  }
  return qualified;
}
