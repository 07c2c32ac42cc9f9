import type { Attributes, EventRecord } from '../event.js';

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
