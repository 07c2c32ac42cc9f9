import type { Attributes, EventRecord } from '../event.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';

export interface EventOptions {
  readonly eventId?: string;
  readonly timeMicros?: number;
  readonly routingKey?: string;
  readonly attributes?: Attributes;
  readonly value?: unknown;
}

/** An event record with speaking defaults; `value` is any JSON value. */
export function anEvent(options: EventOptions = {}): EventRecord {
  const eventId = options.eventId ?? 'event-1';
  return {
    eventId,
    timeMicros: options.timeMicros ?? 1_750_000_000_000_000,
    routingKey: options.routingKey ?? 'portfolio.alert.critical',
    attributes: options.attributes ?? {},
    value: Buffer.from(JSON.stringify(options.value ?? { event_id: eventId })),
  };
}

/** `count` events `<prefix>-1…` whose values hold their number. */
export function events(count: number, prefix = 'event', options: EventOptions = {}): EventRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const eventId = `${prefix}-${index + 1}`;
    return anEvent({ ...options, eventId, value: options.value ?? { event_id: eventId, n: index + 1 } });
  });
}

/** A topic of one lane, that anybody may publish to; the broker knows it by the same name. */
export function aTopic(name: string, options: Partial<TopicDefinition> = {}): TopicDefinition {
  return {
    name,
    tenant: 'default',
    brokerName: name,
    dataType: 'ALERTS',
    partitions: 1,
    retentionPolicy: '7d',
    enabled: true,
    origin: 'ingested',
    priority: 1,
    conflationKey: 'none',
    catalogVersion: 1,
    createdAtMicros: 0,
    ...options,
  };
}
