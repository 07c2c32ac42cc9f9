import type { EventRecord, Filter, Selection } from '@distributary/distribution-core';
import { Chance } from './chance.js';

export const CASES = ['topics', 'filters', 'mixed'] as const;
export type CaseName = (typeof CASES)[number];

export interface MatchEvent {
  readonly topic: string;
  readonly record: EventRecord;
}

export interface Workload {
  readonly selections: readonly Selection[];
  /** Played over and over. */
  readonly events: readonly MatchEvent[];
}

const REGIONS = ['eu', 'us', 'ap', 'sa', 'af', 'me', 'oc', 'cn', 'in', 'ca'];
const KINDS = ['metrics', 'alerts', 'incidents', 'slo', 'health', 'audit', 'jobs', 'cost', 'builds', 'traces'];
const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'];
export const EVENTS = 4_096;
const WILDCARD_SHARE = 0.3;

/**
 * - `topics`: region/team/kind, 1,000 topics; 70 % of the patterns name one topic, 30 % hold `+` or `#`.
 * - `filters`: one topic, and 10,000 different filters of four clauses each (all different up to that number).
 * - `mixed`: half of each, and as many services as a tenth of the subscriptions: what matches an event does not grow.
 */
export function workloadOf(name: CaseName, subscriptions: number, seed: number): Workload {
  const chance = new Chance(seed);
  switch (name) {
    case 'topics':
      return {
        selections: times(subscriptions, () => byTopic(patternOf(chance))),
        events: times(EVENTS, (index) => eventOf(chance, topicOf(chance), index, 1_000)),
      };
    case 'filters': {
      const filters = times(Math.min(subscriptions, 10_000), (index) => fourClauses(chance, index, 100));
      return {
        selections: times(subscriptions, (index) => ({
          topicPatterns: ['monitoring/metrics'],
          keyPatterns: [],
          filter: filters[index % filters.length],
        })),
        events: times(EVENTS, (index) => eventOf(chance, 'monitoring/metrics', index, 100)),
      };
    }
    case 'mixed': {
      const services = Math.max(10, subscriptions / 10);
      return {
        selections: times(subscriptions, (index) => mixedSelection(chance, index, services)),
        events: times(EVENTS, (index) => {
          const service = chance.below(services);
          const isOwn = chance.isLucky(0.5);
          return eventOf(
            chance,
            isOwn ? `services/${service}/metrics` : 'monitoring/metrics',
            index,
            services,
            service,
          );
        }),
      };
    }
  }
}

function mixedSelection(chance: Chance, index: number, services: number): Selection {
  if (index % 2 === 0) {
    return { topicPatterns: ['monitoring/metrics'], keyPatterns: [], filter: fourClauses(chance, index, services) };
  }
  const service = chance.below(services);
  return byTopic(
    chance.isLucky(WILDCARD_SHARE)
      ? chance.of([`services/${service}/#`, `services/${service}/+`])
      : `services/${service}/metrics`,
  );
}

const byTopic = (pattern: string): Selection => ({ topicPatterns: [pattern], keyPatterns: [], filter: undefined });

const topicOf = (chance: Chance): string => `${chance.of(REGIONS)}/team-${chance.below(10)}/${chance.of(KINDS)}`;

function patternOf(chance: Chance): string {
  if (!chance.isLucky(WILDCARD_SHARE)) return topicOf(chance);
  const [region, team, kind] = topicOf(chance).split('/');
  return chance.of([`${region}/+/${kind}`, `+/${team}/${kind}`, `${region}/${team}/+`, `${region}/${team}/#`]);
}

/** Service, severity, a range of the value and a prefix of the host. */
function fourClauses(chance: Chance, index: number, services: number): Filter {
  const least = chance.below(80);
  return {
    op: 'and',
    filters: [
      { op: 'eq', attribute: 'service', value: `service-${index % services}` },
      { op: 'eq', attribute: 'severity', value: chance.of(SEVERITIES) },
      { op: 'range', attribute: 'value', gte: least, lt: least + 60 + (index % 97) / 100 },
      { op: 'prefix', attribute: 'host', value: `${chance.of(REGIONS)}-` },
    ],
  };
}

function eventOf(
  chance: Chance,
  topic: string,
  index: number,
  services: number,
  service = chance.below(services),
): MatchEvent {
  return {
    topic,
    record: {
      eventId: `event-${index}`,
      timeMicros: 1_750_000_000_000_000 + index,
      routingKey: `service-${service}.metric`,
      attributes: {
        service: `service-${service}`,
        severity: chance.of(SEVERITIES),
        value: Math.round(chance.next() * 120 * 100) / 100,
        host: `${chance.of(REGIONS)}-${chance.below(200)}`,
      },
      value: Buffer.from('{}'),
    },
  };
}

const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));
