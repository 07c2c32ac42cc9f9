import { type AlertLevel, alertLevelOf, type IncidentData } from '@distributary/contracts';
import { type EventBatch, type EventRecord, laneName } from '@distributary/distribution-core';
import type { FeedConsumer } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { indexesOfType, storedEventOf } from '../events/stored-event.js';

export interface OpenIncident {
  /** The event that told it last, for permissions to be held against. */
  readonly topic: string;
  readonly record: EventRecord;
  readonly incidentId: string;
  readonly service: string;
  readonly severity: AlertLevel;
  readonly alertIds: readonly string[];
  readonly openedMicros: number;
  /** Who published it: this service closes only its own. */
  readonly sourceService: string;
}

const CAPACITY = 10_000;

/** Incidents that were opened and not resolved, by whomever, as the log tells it. Bounded: the oldest goes first. */
export class OpenIncidents implements FeedConsumer {
  private readonly incidents = new Map<string, OpenIncident>();
  /** A copy of an opening may come after the resolution, from a lane that is read later. */
  private readonly resolved = new Map<string, string>();
  /** By alert: the time of the last event of this service's own incidents that names it, whether they are open or not. */
  private readonly toldMicros = new Map<string, number>();
  private isWhole = false;
  private whenReady: (() => void) | undefined;

  constructor(private readonly capacity = CAPACITY) {}

  get isReady(): boolean {
    return this.isWhole;
  }

  get size(): number {
    return this.incidents.size;
  }

  values(): IterableIterator<OpenIncident> {
    return this.incidents.values();
  }

  /** When an incident of this service was told last that has this alert; minus infinity if none is known. */
  lastToldMicros(alertId: string): number {
    return this.toldMicros.get(alertId) ?? Number.NEGATIVE_INFINITY;
  }

  onReady(callback: () => void): void {
    this.whenReady = callback;
  }

  ready(): void {
    this.isWhole = true;
    this.whenReady?.();
  }

  apply(batch: EventBatch, topic: string = batch.lane.topic): void {
    const lane = laneName(batch.lane);
    for (const index of indexesOfType(batch, 'INCIDENTS')) {
      const event = storedEventOf<IncidentData>(batch.valueAt(index));
      const incidentId = event?.data.incident_id;
      if (event === undefined || typeof incidentId !== 'string') continue;
      const { data, metadata } = event;
      if (metadata.source_service === OWN_SERVICE) this.told(data.alert_ids ?? [], batch.timeMicrosAt(index));
      if (data.status === 'resolved') {
        this.incidents.delete(incidentId);
        remember(this.resolved, incidentId, lane, this.capacity);
        continue;
      }
      const resolvedIn = this.resolved.get(incidentId);
      if (resolvedIn !== undefined && resolvedIn !== lane) continue;
      this.resolved.delete(incidentId);
      const known = this.incidents.get(incidentId);
      const record = batch.recordAt(index);
      remember(
        this.incidents,
        incidentId,
        {
          incidentId,
          topic,
          record: { ...record, value: Buffer.from(record.value) },
          service: data.service_name ?? metadata.source_service,
          severity: alertLevelOf(data.severity ?? metadata.severity),
          alertIds: data.alert_ids ?? known?.alertIds ?? [],
          openedMicros: known?.openedMicros ?? batch.timeMicrosAt(index),
          sourceService: metadata.source_service,
        },
        this.capacity,
      );
    }
  }

  private told(alertIds: readonly string[], atMicros: number): void {
    for (const alertId of alertIds) {
      const latest = Math.max(atMicros, this.lastToldMicros(alertId));
      this.toldMicros.delete(alertId);
      remember(this.toldMicros, alertId, latest, this.capacity);
    }
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value, capacity: number): void {
  map.set(key, value);
  if (map.size > capacity) map.delete(map.keys().next().value as string);
}
