import type { EventRecord } from '@distributary/distribution-core';

/** What is needed of the core's last-value tables. */
export interface LastValues {
  entries(isWanted?: (topic: string) => boolean): Iterable<{ readonly topic: string; readonly record: EventRecord }>;
}

/** The newest event of each state, by the service that it is about. Found by attributes: no payload is parsed. */
export class LatestEvents {
  constructor(private readonly tables: LastValues) {}

  *ofService(service: string): Generator<EventRecord> {
    for (const { record } of this.tables.entries()) if (record.attributes.service === service) yield record;
  }

  /** When each service was heard of last; epoch microseconds. */
  services(): ReadonlyMap<string, number> {
    const seen = new Map<string, number>();
    for (const { record } of this.tables.entries()) {
      const { service } = record.attributes;
      if (typeof service === 'string') seen.set(service, Math.max(seen.get(service) ?? 0, record.timeMicros));
    }
    return seen;
  }
}
