import type { EventRecord, PermittedEvents } from '@distributary/distribution-core';

/** What is needed of the core's last-value tables. */
export interface LastValues {
  entries(isWanted?: (topic: string) => boolean): Iterable<{ readonly topic: string; readonly record: EventRecord }>;
}

/** The newest event of each state, by the service that it is about. Found by attributes: no payload is parsed. */
export class LatestEvents {
  constructor(private readonly tables: LastValues) {}

  /** Of those that are permitted. */
  *ofService(service: string, permitted: PermittedEvents): Generator<EventRecord> {
    for (const { topic, record } of this.tables.entries()) {
      if (record.attributes.service === service && permitted.includes(topic, record)) yield record;
    }
  }

  /** When each service was heard of last, by events that are permitted; epoch microseconds. */
  services(permitted: PermittedEvents): ReadonlyMap<string, number> {
    const seen = new Map<string, number>();
    for (const { topic, record } of this.tables.entries()) {
      const { service } = record.attributes;
      if (typeof service !== 'string' || !permitted.includes(topic, record)) continue;
      seen.set(service, Math.max(seen.get(service) ?? 0, record.timeMicros));
    }
    return seen;
  }
}
