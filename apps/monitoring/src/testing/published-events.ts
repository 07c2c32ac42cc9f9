import type { MonitoringEventInput, PublishResult } from '@distributary/contracts';
import {
  type Clock,
  decodeEventBatch,
  densePositions,
  encodeEventBatch,
  type EventBatch,
  type EventRecord,
  positionOfOffset,
} from '@distributary/distribution-core';
import type { PublishedEvent } from '@distributary/distribution-service';
import { parseMonitoringEvents, toPublishedEvent } from '../events/monitoring-event.js';
import type { IngestDoor } from '@distributary/distribution-service';
import type { MonitoringPublisher } from '../events/own-publishing.js';

let nextId = 0;
export const countingIds = { uuid: () => `id-${++nextId}`, random: () => 0.5 };

/** A batch as the log would give it, made by the service's own mapping. */
export function batchOf(clock: Clock, ...inputs: MonitoringEventInput[]): EventBatch {
  const events = parseMonitoringEvents(inputs).map((event) => toPublishedEvent(event, clock, countingIds));
  return batchOfRecords(
    events[0].topic,
    events.map((event) => event.record),
  );
}

export function batchOfRecords(topic: string, records: readonly EventRecord[]): EventBatch {
  const lane = { topic, partition: 0, epoch: 'e1' };
  return decodeEventBatch(lane, densePositions(0, records.length), encodeEventBatch(records, 0));
}

/** Keeps what was published; can be told to fail. Idempotent by `event_id`, as ingest is. */
export class RecordingPublisher implements MonitoringPublisher {
  readonly events: MonitoringEventInput[] = [];
  failure: Error | undefined;

  publish(inputs: readonly MonitoringEventInput[]): Promise<readonly PublishResult[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    parseMonitoringEvents(inputs);
    const ids = new Set(this.events.map((event) => event.event_id));
    const fresh = inputs.filter((input) => input.event_id === undefined || !ids.has(input.event_id));
    this.events.push(...fresh);
    return Promise.resolve([]);
  }
}

/** An ingest that numbers what it is given and knows what it has seen. */
export class InMemoryIngest implements IngestDoor {
  readonly events: PublishedEvent[] = [];

  publish(events: readonly PublishedEvent[]) {
    return Promise.resolve(
      events.map((event) => {
        const seen = this.events.findIndex(({ record }) => record.eventId === event.record.eventId);
        const offset = seen >= 0 ? seen : this.events.push(event) - 1;
        return {
          eventId: event.record.eventId,
          duplicate: seen >= 0,
          topic: event.topic,
          lane: { topic: event.topic.replaceAll('/', '.'), partition: 0, epoch: 'e1' },
          position: positionOfOffset(offset),
        };
      }),
    );
  }
}
